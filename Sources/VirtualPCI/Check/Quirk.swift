public import PCIConfig

/// A known fault of some devices' configuration space, and what Ferry makes of it.
public struct Quirk: Sendable {
  /// How the space is read instead.
  public enum Correction: Sendable, Hashable {
    /// The capability is as good as absent.
    case hide(CapabilityID)
    /// Some bits of a capability's register read as 0.
    case clear(CapabilityID, offset: Int, bits: UInt32)
    /// The MSI-X pending bit array's offset is wrong only if it is this one.
    case wrongPendingBits(offset: UInt32, instead: UInt32)
  }

  /// The vendor ID of the devices with the fault.
  public let vendor: UInt16
  /// Device ids, and the bits of them that count.
  public let devices: [UInt16]
  /// The bits of the device ID that count.
  public let deviceMask: UInt16
  /// The revisions of the devices with the fault.
  public let revisions: ClosedRange<UInt8>
  /// The way to make up for the fault.
  public let correction: Correction
  /// The fault in words.
  public let reason: String
  /// The place where the fault is documented.
  public let source: Citation

  init(
    _ vendor: UInt16, _ devices: [UInt16], mask deviceMask: UInt16 = 0xffff,
    revisions: ClosedRange<UInt8> = 0...255, _ correction: Correction, _ reason: String,
    from source: Citation
  ) {
    self.vendor = vendor
    self.devices = devices
    self.deviceMask = deviceMask
    self.revisions = revisions
    self.correction = correction
    self.reason = reason
    self.source = source
  }

  func applies(vendor: UInt16?, device: UInt16?, revision: UInt8) -> Bool {
    guard let vendor, let device else { return false }
    return self.vendor == vendor && devices.contains(device & deviceMask)
      && revisions.contains(revision)
  }
}

extension Quirk {
  /// Every fault that Ferry knows. Derivation, check and access map all read devices through it.
  public static let all: [Quirk] = [
    Quirk(
      0x1002,
      [
        0x98e4, 0x6900, 0x7310, 0x7312, 0x7318, 0x7319, 0x731a, 0x731b, 0x731e, 0x731f, 0x7340,
        0x7341, 0x7347, 0x734f,
      ], .hide(.addressTranslationServices), "ATS hangs some boards of these GPUs",
      from: .linux("drivers/pci/quirks.c, quirk_amd_harvest_no_ats")),
    Quirk(
      0x8086, [0x1451, 0x1452, 0x1453, 0x1454, 0x1455, 0x1457, 0x1459, 0x145a, 0x145c],
      revisions: 0...0x1f, .hide(.addressTranslationServices),
      "IPU E2000 before stepping C0 reads ATS invalidations in the wrong byte order",
      from: .linux("drivers/pci/quirks.c, quirk_intel_e2000_no_ats")),
    Quirk(
      0x1022, [0x1487, 0x148c, 0x149c, 0x7901], noReset,
      "a function-level reset may hang the device",
      from: .linux("drivers/pci/quirks.c, quirk_no_flr")),
    Quirk(
      0x8086, [0x1502, 0x1503], noReset, "a function-level reset may hang the device",
      from: .linux("drivers/pci/quirks.c, quirk_no_flr")),
    Quirk(
      0x14c3, [0x0616], noReset, "a function-level reset may hang the device",
      from: .linux("drivers/pci/quirks.c, quirk_no_flr")),
    Quirk(
      0x1425, [0x5800], mask: 0xff00, .wrongPendingBits(offset: 0x8000, instead: 0x1000),
      "T5 virtual functions name a place outside their BAR of 8 KiB",
      from: .qemu("hw/vfio/pci.c, vfio_msix_early_setup")),
    Quirk(
      0x1d22, [0x3685], .wrongPendingBits(offset: 0x46_0000, instead: 0xb400),
      "KUNLUN virtual functions name a place outside their BAR of 64 KiB",
      from: .qemu("hw/vfio/pci.c, vfio_msix_early_setup")),
  ]

  private static let noReset = Correction.clear(.pciExpress, offset: 4, bits: 0x1000_0000)
}
