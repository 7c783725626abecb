import ByteIO
public import PCIConfig
private import YAMLReader

/// A profile laid out byte by byte: every capability at its place, every register with its bits,
/// every rule met.
public struct ProfileLayout: Sendable {
  /// The profile that was laid out.
  public let profile: Profile
  /// 256 or 4096.
  public let byteCount: Int
  /// In ascending order of their offsets, which is also the order of the chains.
  public let capabilities: [PlacedCapability]
  /// In ascending order and disjoint; bytes without a register are constant zeros.
  public let registers: [PlacedRegister]
  /// The bytes of the space, and what guests may do with each bit.
  public let image: ConfigSpaceImage

  /// Lays `profile` out, or says everything that is wrong with it.
  ///
  /// A frozen profile keeps its bytes: if its digest is not that of today's defaults, those of the
  /// time when it was frozen are taken.
  public init(_ profile: Profile) throws(ProfileError) {
    let layout = try Self(layingOut: profile)
    guard let expected = profile.digest, expected != layout.digest else {
      self = layout
      return
    }
    var first = profile
    for index in first.capabilities.indices {
      first.capabilities[index].content.hasFirstDefaults = true
    }
    let earlier = try Self(layingOut: first)
    guard earlier.digest == expected else {
      throw ProfileError([
        ProfileProblem(
          "expected the layout with the digest \(expected), found \(layout.digest): the profile was "
            + "edited after it was frozen, or a default has changed; 'ferry pci freeze' takes that over, "
            + "and the profile should have another name then", at: nil, breaks: .frozen)
      ])
    }
    self = earlier
  }

  private init(layingOut profile: Profile) throws(ProfileError) {
    var problems = ProfileRules(profile).problems
    let placer = CapabilityPlacer(profile.capabilities)
    problems += placer.problems
    var placed: [PlacedCapability] = []
    var counts: [CapabilityID: Int] = [:]
    for (capability, offset) in zip(profile.capabilities, placer.offsets) {
      let instance = counts[capability.id, default: 0]
      counts[capability.id] = instance + 1
      guard let offset else { continue }
      placed.append(
        PlacedCapability(capability: capability, offset: offset, instance: instance, next: 0))
    }
    placed.sort { $0.offset < $1.offset }
    if let first = placed.first(where: { $0.id.isExtended }), first.offset != 0x100 {
      problems.append(
        ProfileProblem(
          "expected an extended capability at 0x100, found the first, \(first.label), at "
            + "0x\(hex(first.offset))", at: first.capability.placementMark, breaks: .firstExtended))
    }
    guard problems.isEmpty else { throw ProfileError(Self.sorted(problems)) }

    Self.link(&placed)
    let registers = try Self.registers(profile, placed)
    self.profile = profile
    byteCount = profile.byteCount
    capabilities = placed
    self.registers = registers
    image = ConfigSpaceImage(byteCount: profile.byteCount, registers)
  }

  /// Problems in the order of the text, those without a place last.
  private static func sorted(_ problems: [ProfileProblem]) -> [ProfileProblem] {
    problems.enumerated().sorted { a, b in
      let place = { (problem: ProfileProblem) in
        problem.mark.map { ($0.line, $0.column) } ?? (.max, .max)
      }
      let (first, second) = (place(a.element), place(b.element))
      return (first.0, first.1, a.offset) < (second.0, second.1, b.offset)
    }.map(\.element)
  }

  private static func link(_ capabilities: inout [PlacedCapability]) {
    for index in capabilities.indices.dropLast()
    where capabilities[index].id.isExtended == capabilities[index + 1].id.isExtended {
      capabilities[index].next = capabilities[index + 1].offset
    }
  }

  private static func registers(
    _ profile: Profile, _ placed: [PlacedCapability]
  ) throws(ProfileError) -> [PlacedRegister] {
    let first = placed.first { !$0.id.isExtended }?.offset ?? 0
    var registers = HeaderLayout(profile: profile, firstCapability: first).registers()
    for (index, capability) in placed.enumerated() {
      registers += capability.registers(ownedBy: index)
    }
    var overrides = RegisterOverrides(registers, placed, byteCount: profile.byteCount)
    for register in profile.registers { overrides.apply(register) }
    guard overrides.problems.isEmpty else { throw ProfileError(sorted(overrides.problems)) }
    return overrides.registers.sorted { $0.offset < $1.offset }
  }

  /// The capability with this id, the first if there are several.
  public func first(_ id: CapabilityID) -> PlacedCapability? {
    capabilities.first { $0.id == id }
  }

  /// The profile's name for the owner of a register.
  public func label(_ owner: PlacedRegister.Owner) -> String {
    switch owner {
    case .header: "header"
    case .capability(let index): capabilities[index].label
    case .free: "free"
    }
  }

  /// The bytes that a guest sees after a reset: the same on every device that can carry the
  /// profile.
  public var synthesized: [UInt8] { image.reset }
}

extension ProfileLayout {
  /// The name of the layout, whatever the text that says it: the SHA-256 of its planes, in
  /// hexadecimal.
  ///
  /// Hashed are the text `ferry-vpci-1`, the number of bytes as 32 bits little-endian, the planes
  /// reset, writable, clearable, trigger, forwarded, device and device-writable, each of that many
  /// bytes, and for every byte that a device serves its offset and counterpart as a line
  /// `0x004 0x04`.
  public var digest: String {
    var message = ByteWriter(reserving: 8 * byteCount)
    message.append([UInt8]("ferry-vpci-1".utf8))
    message.little(UInt32(truncatingIfNeeded: byteCount))
    for plane in [
      image.reset, image.writable, image.clearable, image.trigger, image.forwarded, image.device,
      image.deviceWritable,
    ] {
      message.append(plane)
    }
    for (offset, index) in image.anchorIndex.enumerated() where index >= 0 {
      message.append([UInt8]("0x\(hex(offset, digits: 3)) \(image.anchors[Int(index)])\n".utf8))
    }
    return SHA256.hash(message.bytes).map { hex($0, digits: 2) }.joined()
  }
}
