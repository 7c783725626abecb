import ByteIO
public import PCIConfig

/// Bits of a capability that QEMU's load check compares, though no guest goes by the value that it
/// has seen: the state of a link, errors that were noted, a number of the host's.
public struct RelayableRegister: Sendable, Hashable {
  /// The capability.
  public let capability: CapabilityID
  /// The name of the register, in the vocabulary of lspci's users.
  public let name: String
  /// The first byte, counted from the capability's header.
  public let offset: Int
  /// The bits, byte by byte.
  public let mask: [UInt8]
  /// Where it can be looked up that the bits are what they are.
  public let source: String

  private init(
    _ capability: CapabilityID, _ name: String, at offset: Int, _ mask: [UInt8], _ source: String
  ) {
    self.capability = capability
    self.name = name
    self.offset = offset
    self.mask = mask
    self.source = "PCIe Base 6.0, \(source)"
  }

  /// Every such register.
  public static let all: [RelayableRegister] = [
    Self(.powerManagement, "PMCSR PME_Status", at: 0x04, [0x00, 0x80], "7.5.2.2"),
    Self(.pciExpress, "DevSta", at: 0x0a, [0x3f, 0x00], "7.5.3.5"),
    Self(.pciExpress, "LnkCap Port Number", at: 0x0c, [0x00, 0x00, 0x00, 0xff], "7.5.3.6"),
    // Without Slot Clock Configuration, which is of the hardware and not of the moment.
    Self(.pciExpress, "LnkSta", at: 0x12, [0xff, 0xef], "7.5.3.8"),
    Self(.pciExpress, "LnkSta2", at: 0x32, [0xff, 0xff], "7.5.3.20"),
    Self(.advancedErrorReporting, "UESta", at: 0x04, [0xff, 0xff, 0xff, 0xff], "7.8.4.2"),
    Self(.advancedErrorReporting, "CESta", at: 0x10, [0xff, 0xff, 0xff, 0xff], "7.8.4.5"),
    Self(.advancedErrorReporting, "AERCap First Error Pointer", at: 0x18, [0x1f], "7.8.4.7"),
    Self(
      .advancedErrorReporting, "HeaderLog", at: 0x1c, [UInt8](repeating: 0xff, count: 16),
      "7.8.4.8"),
    Self(.pageRequest, "PRISta", at: 0x06, [0x03, 0x01], "10.5.2.3"),
  ]

  /// The register that has the byte at `offset` of a space, and its bits of that byte.
  static func at(
    _ offset: Int, of capabilities: [Capability]
  ) -> (register: RelayableRegister, mask: UInt8)? {
    guard let owner = capabilities.first(where: { $0.range.contains(offset) }) else { return nil }
    for register in all where register.capability == owner.id {
      let index = offset - owner.offset - register.offset
      if register.mask.indices.contains(index), register.mask[index] != 0 {
        return (register, register.mask[index])
      }
    }
    return nil
  }
}
