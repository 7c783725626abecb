import ByteIO
import PCIConfig
import YAMLReader

/// Writes a profile as YAML that reads back as the same profile.
struct ProfileWriter {
  private var lines: [String] = []

  static func text(_ profile: Profile, comments: [String]) -> String {
    var writer = ProfileWriter()
    for comment in comments { writer.lines.append(comment.isEmpty ? "#" : "# \(comment)") }
    writer.head(profile)
    writer.bars(profile)
    writer.capabilities(profile, "capabilities", isExtended: false)
    writer.capabilities(profile, "extended", isExtended: true)
    writer.registers(profile)
    return writer.lines.joined(separator: "\n") + "\n"
  }

  private mutating func head(_ profile: Profile) {
    lines.append("profile: \(YAMLText.scalar(profile.name))")
    if let note = profile.note { lines.append("note: \(YAMLText.scalar(note))") }
    if let digest = profile.digest { lines.append("digest: \"\(digest)\"") }
    if profile.isVirtualFunction { lines.append("function: virtual") }
    let identity = profile.identity
    lines.append(
      "identity: { vendor: \(word(identity.vendor)), device: \(word(identity.device)), "
        + "subsystem: \(word(identity.subsystemVendor)):\(word(identity.subsystemDevice)), "
        + "class: 0x\(hex(identity.classCode, digits: 6)), revision: \(identity.revision) }")
    if profile.isMultiFunction { lines.append("multifunction: true") }
    if profile.interruptPin != 0 { lines.append("interrupt-pin: \(profile.interruptPin)") }
    if let size = profile.romSize { lines.append("rom: \(size.byteCountText)") }
  }

  private mutating func bars(_ profile: Profile) {
    guard !profile.bars.isEmpty else { return }
    lines.append("bars:")
    for bar in profile.bars {
      var text = "  - { index: \(bar.index), kind: \(bar.kind.rawValue)"
      if bar.isPrefetchable { text += ", prefetchable: true" }
      text += ", size: \(bar.size.byteCountText)"
      if bar.isAssumed { text += ", assumed: true" }
      lines.append(text + " }")
    }
  }

  private mutating func capabilities(_ profile: Profile, _ key: String, isExtended: Bool) {
    let chosen = profile.capabilities.filter { $0.id.isExtended == isExtended }
    guard !chosen.isEmpty else { return }
    lines.append("\(key):")
    for capability in chosen { add(capability) }
  }

  private mutating func add(_ capability: ProfileCapability) {
    let policy = capability.policy
    let content = capability.content
    let place: String =
      switch capability.placement {
      case .auto: "auto"
      case .at(let offset): "0x\(hex(offset, digits: capability.id.isExtended ? 3 : 2))"
      }
    var items = ["id: \(policy.key)", "at: \(place)"]
    if capability.id.isExtended || policy.versionBits != nil {
      items.append("version: \(content.version)")
    }
    if policy.holdsBytes {
      let bytes = content.bytes.map { hex($0, digits: 2) }.joined(separator: " ")
      items.append("bytes: \"\(bytes)\"")
    }
    // What the settings alone would say: registers that differ from it are written out.
    var plain = CapabilityContent(version: content.version, hasPASID: content.hasPASID)
    plain.hasFirstDefaults = content.hasFirstDefaults
    var unsaid: Set<String> = []
    for setting in policy.settings {
      guard let register = policy.registers(content).first(where: { $0.name == setting.register })
      else { continue }
      let value = policy.value(of: register, in: content)
      let current = plain.values[register.name] ?? register.reset
      guard setting.isRequired || value & setting.bits != register.reset & setting.bits else {
        continue
      }
      guard let text = Self.text(setting, value) else {
        unsaid.insert(register.name)
        continue
      }
      items.append("\(setting.key): \(text)")
      plain.values[register.name] = current & ~setting.bits | value & setting.bits
    }
    var registers: [String] = []
    for register in policy.registers(content) where !policy.holdsBytes {
      guard let value = content.values[register.name],
        unsaid.contains(register.name)
          || policy.value(of: register, in: content) != policy.value(of: register, in: plain)
      else { continue }
      registers.append("\(register.name): 0x\(hex(value, digits: register.byteCount * 2))")
    }
    let line = "  - { \(items.joined(separator: ", ")) }"
    if registers.isEmpty, line.utf8.count <= 100 { return lines.append(line) }
    for (index, item) in items.enumerated() {
      lines.append((index == 0 ? "  - " : "    ") + item)
    }
    if !registers.isEmpty {
      lines.append("    registers:")
      for register in registers { lines.append("      \(register)") }
    }
  }

  /// The text of the setting's bits of `value`, or nil if the form cannot say it.
  private static func text(_ setting: CapabilitySetting, _ value: UInt32) -> String? {
    let number = value.field(setting.bits)
    switch setting.form {
    case .number(let range):
      if range.contains(number) { return "\(number)" }
      // A counter whose zero stands for the most it can say, such as 32 in five bits.
      return number == 0 && range.upperBound.placed(in: setting.bits) == 0
        ? "\(range.upperBound)" : nil
    case .count: return "\(number + 1)"
    case .powerOfTwo(let range):
      return number < 6 && range.contains(1 << number) ? "\(1 << number)" : nil
    case .flag: return number != 0 ? "true" : "false"
    case .choice(let choices): return choices.first { $0.value == number }?.name
    case .place:
      return value & 7 < 6 ? "{ bar: \(value & 7), offset: 0x\(hex(value & ~7)) }" : nil
    }
  }

  private mutating func registers(_ profile: Profile) {
    guard !profile.registers.isEmpty else { return }
    lines.append("registers:")
    for register in profile.registers {
      var items = [
        "at: 0x\(hex(register.offset, digits: 2))", "bits: 0x\(hex(register.bits))",
        "source: \(register.source.rawValue)",
      ]
      if let reset = register.reset { items.append("reset: 0x\(hex(reset))") }
      if let writable = register.writable { items.append("write: 0x\(hex(writable))") }
      if register.clearable != 0 { items.append("clear: 0x\(hex(register.clearable))") }
      // An offset is a number; brackets are YAML's own, so a place in a capability is quoted.
      if let physical = register.physical {
        let isOffset = if case .capability = physical { false } else { true }
        items.append(isOffset ? "physical: \(physical)" : "physical: \"\(physical)\"")
      }
      if let required = register.required { items.append("require: 0x\(hex(required))") }
      items.append("name: \(YAMLText.scalar(register.name))")
      lines.append("  - { \(items.joined(separator: ", ")) }")
    }
  }

  private func word(_ value: UInt16) -> String { "0x\(hex(value, digits: 4))" }
}

extension Profile {
  /// The profile as YAML, with `comments` in front; ``init(parsing:)`` reads it back.
  public func yaml(comments: [String] = []) -> String {
    ProfileWriter.text(self, comments: comments)
  }
}
