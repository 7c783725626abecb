import ByteIO
import PCIConfig
internal import YAMLReader

/// Reads one entry of `capabilities` or `extended`, by its policy's keys.
struct CapabilityReader {
  private(set) var capability: ProfileCapability

  init(_ node: YAMLNode, isExtended: Bool) throws(YAMLError) {
    let policy = try Self.policy(node, isExtended: isExtended)
    var known: Set<String> = ["id", "at", policy.holdsBytes ? "bytes" : "registers"]
    if isExtended || policy.versionBits != nil { known.insert("version") }
    for setting in policy.settings { known.insert(setting.key) }
    let fields = try node.fields(known)
    let place = try fields.required("at")
    let placement: ProfileCapability.Placement =
      try place.string() == "auto" ? .auto : .at(try place.integer(in: 0...0xfff))
    capability = ProfileCapability(
      policy, at: placement, mark: node.mark, placementMark: place.mark)
    if let version = fields["version"] {
      capability.content.version = try version.integer(in: 0...15)
    }
    if policy.holdsBytes {
      capability.content.bytes = try Self.bytes(try fields.required("bytes"))
      return
    }
    let given = try fields["registers"]?.entries() ?? []
    for entry in given { capability.content.values[entry.key] = try entry.value.integer() }
    for setting in policy.settings {
      if let value = fields[setting.key] {
        try set(setting, value, isGiven: given.contains { $0.key == setting.register })
      } else if setting.isRequired, !given.contains(where: { $0.key == setting.register }) {
        throw node.error(.missing, "\(policy.key): expected the key '\(setting.key)'")
      }
    }
    try checkNames(given)
  }

  private static func policy(
    _ node: YAMLNode, isExtended: Bool
  ) throws(YAMLError) -> CapabilityPolicy {
    guard let id = try node.entries().first(where: { $0.key == "id" })?.value else {
      throw node.error(.missing, "expected the key 'id'")
    }
    let text = try id.string()
    if let policy = CapabilityPolicy.named(text) {
      guard policy.id.isExtended == isExtended else {
        throw id.error(
          .value, "'\(text)' belongs under '\(isExtended ? "capabilities" : "extended")'")
      }
      return policy
    }
    guard text.first?.isNumber == true else {
      let names = CapabilityPolicy.all.filter { $0.id.isExtended == isExtended }.map(\.key)
      throw id.error(
        .value, "expected one of \(names.joined(separator: ", ")) or a number, found \(id.kind)")
    }
    let identifier =
      isExtended
      ? CapabilityID(extended: try id.integer(in: 1...0xfffe))
      : CapabilityID(standard: try id.integer(in: 1...0xfe))
    return CapabilityPolicy.policy(for: identifier)
  }

  private static func bytes(_ node: YAMLNode) throws(YAMLError) -> [UInt8] {
    let digits = try node.string().filter { $0 != " " && $0 != "\n" }
    guard digits.utf8.count % 2 == 0, digits.utf8.count <= 2 * 4092,
      digits.allSatisfy({ $0.isASCII && $0.isHexDigit })
    else {
      throw node.error(.value, "expected pairs of hexadecimal digits, found \(node.kind)")
    }
    var bytes: [UInt8] = []
    var high: UInt8?
    for digit in digits.utf8 {
      let value = digit < 0x3a ? digit - 0x30 : (digit | 0x20) - 0x57
      if let first = high {
        bytes.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    return bytes
  }

  private mutating func set(
    _ setting: CapabilitySetting, _ node: YAMLNode, isGiven: Bool
  ) throws(YAMLError) {
    let bits = try Self.bits(setting, node)
    let policy = capability.policy
    let register = policy.registers(capability.content).first { $0.name == setting.register }
    let value = capability.content.values[setting.register] ?? register?.reset ?? 0
    guard !isGiven || value & setting.bits == bits else {
      throw node.error(
        .value,
        "'\(setting.key)' contradicts the register \(setting.register), 0x\(hex(value))")
    }
    capability.content.values[setting.register] = value & ~setting.bits | bits
  }

  private static func bits(
    _ setting: CapabilitySetting, _ node: YAMLNode
  ) throws(YAMLError) -> UInt32 {
    switch setting.form {
    case .number(let range):
      return (try node.integer(in: range) as UInt32).placed(in: setting.bits)
    case .count(let range):
      return (try node.integer(in: range) - 1 as UInt32).placed(in: setting.bits)
    case .powerOfTwo(let range):
      let count: UInt32 = try node.integer(in: range)
      guard count & (count - 1) == 0 else {
        throw node.error(.value, "expected a power of two, found \(node.kind)")
      }
      return UInt32(count.trailingZeroBitCount).placed(in: setting.bits)
    case .flag: return try node.bool() ? setting.bits : 0
    case .choice(let choices):
      let name = try ProfileReader.choice(node, choices.map(\.name))
      return (choices.first { $0.name == name }?.value ?? 0).placed(in: setting.bits)
    case .place:
      let fields = try node.fields(["bar", "offset"])
      let bar: UInt32 = try fields.required("bar").integer(in: 0...5)
      let place = try fields.required("offset")
      let offset: UInt32 = try place.integer()
      guard offset & 7 == 0 else {
        throw place.error(.value, "expected a multiple of 8, found \(place.kind)")
      }
      return offset | bar
    }
  }

  private func checkNames(_ given: [YAMLNode.Entry]) throws(YAMLError) {
    let registers = capability.policy.registers(capability.content)
    for entry in given {
      guard let register = registers.first(where: { $0.name == entry.key }) else {
        throw YAMLError(
          .unknown, at: entry.keyMark,
          "expected one of \(registers.map(\.name).joined(separator: ", ")), found "
            + "'\(entry.key)'")
      }
      guard let value = capability.content.values[entry.key], value & ~register.mask == 0 else {
        throw entry.value.error(
          .value, "expected a value of \(register.byteCount) bytes, found \(entry.value.kind)")
      }
    }
  }
}
