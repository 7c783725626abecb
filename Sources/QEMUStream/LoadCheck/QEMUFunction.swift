public import PCIConfig

/// How a function comes to be in a machine of QEMU, which decides what its load check compares.
public enum QEMUFunction: String, Sendable, Hashable, CaseIterable {
  /// A device of the host, by `vfio-pci`, which takes endpoints only.
  case assigned = "vfio-pci"
  /// One that QEMU emulates, bridges and ports included.
  case emulated

  /// What the ids of a space point to; nil for a bridge that is none of QEMU's.
  ///
  /// QEMU's own functions have Red Hat's vendor ids or its default subsystem, 1af4:1100 (QEMU
  /// include/hw/pci/pci.h). They may also be a host's, if that host is a guest itself.
  public init?(likelyOf space: ConfigSpace) {
    let ids = UInt32(space.vendorID) << 16 | UInt32(space.deviceID)
    switch space.headerType {
    case 0:
      let isRedHats = space.vendorID == Self.redHat || space.vendorID == Self.qumranet
      let isQEMUs = space.subsystem.map { $0.vendor == Self.qumranet } ?? false
      self =
        space.vendorID == Self.redHat || isQEMUs && (isRedHats || space.subsystem?.device == 0x1100)
        ? .emulated : .assigned
    case 1:
      guard space.vendorID == Self.redHat || Self.bridges.contains(ids) else { return nil }
      self = .emulated
    default: return nil
    }
  }

  private static let redHat: UInt16 = 0x1b36
  private static let qumranet: UInt16 = 0x1af4
  // ioh3420, x3130-upstream, xio3130-downstream, i82801b11-bridge and dec-21154, which have the ids
  // of hardware.
  private static let bridges: Set<UInt32> = [
    0x8086_3420, 0x104c_8232, 0x104c_8233, 0x8086_244e, 0x1011_0026,
  ]
}

/// What a load check goes by besides the two spaces.
public struct QEMULoadConditions: Sendable {
  /// How the function comes to be in the machine; nil leaves it to the ids.
  public var function: QEMUFunction?
  /// The version of the destination's machine; nil is the newest.
  public var machine: QEMUMachineVersion?
  /// The version of the destination's QEMU; nil if it is not known.
  public var release: QEMUMachineVersion?
  /// The sizes in bytes of the destination's BARs, powers of two, by index.
  public var barSizes: [Int: UInt64] = [:]
  /// The sizes in bytes of the source's BARs, by index.
  public var sourceBARSizes: [Int: UInt64] = [:]
  /// Where the destination's function sits; nil if that is not known.
  public var address: PCIAddress?
  /// Where the source's function sits.
  public var sourceAddress: PCIAddress?

  /// Nothing is known.
  public init() {}

  /// The property `skip-vsc-check` of `vfio-pci`.
  var skipsVendorBytes: Bool { machine?.skipsVendorBytes ?? true }

  func isBefore(_ major: Int, _ minor: Int) -> Bool? {
    release.map { ($0.major, $0.minor) < (major, minor) }
  }
}
