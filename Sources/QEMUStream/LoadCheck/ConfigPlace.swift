import ByteIO
public import PCIConfig

/// What a byte of a configuration space belongs to.
public struct ConfigPlace: Sendable {
  /// The capability, or what else the byte is in: `header`, `behind PCI Express`.
  public let owner: String
  /// The capability; nil for the header and between two capabilities.
  public let capability: Capability?
  /// The register; nil if no table has one.
  public let register: RegisterValue?
  /// The distance from the start of the capability, or of the header.
  public let distance: Int

  /// The owner and the register: `PCI Express LnkSta`, `ATS header`, `PCI Express byte +0x14`.
  public var name: String {
    if let register { return "\(owner) \(register.name)" }
    guard let capability else { return owner == "header" ? "header reserved" : owner }
    let isHeader = distance < (capability.isExtended ? 4 : 2)
    return "\(owner) " + (isHeader ? "header" : "byte +0x\(hex(distance, digits: 2))")
  }
}

/// Tells the places of a space's bytes.
struct ConfigPlaces {
  private let space: ConfigSpace
  private let capabilities: [Capability]

  init(_ space: ConfigSpace) {
    self.space = space
    capabilities = space.capabilityList.capabilities
  }

  /// The place of `byte`; nil if it lies behind the header and in no capability.
  func known(_ byte: Int) -> ConfigPlace? {
    if byte < 64 {
      return ConfigPlace(
        owner: "header", capability: nil,
        register: space.headerRegisters.first { $0.range.contains(byte) }, distance: byte)
    }
    guard let capability = capabilities.first(where: { $0.range.contains(byte) }) else {
      return nil
    }
    return ConfigPlace(
      owner: capability.id.description, capability: capability,
      register: space.registers(of: capability).first { $0.range.contains(byte) },
      distance: byte - capability.offset)
  }

  /// What lies before a byte that is in no capability.
  func behind(_ byte: Int) -> ConfigPlace {
    let last = capabilities.filter { $0.offset <= byte }.max { $0.offset < $1.offset }
    return ConfigPlace(
      owner: "behind \(last?.id.description ?? "the header")", capability: nil, register: nil,
      distance: byte - (last?.offset ?? 0))
  }
}
