import Devices
import MigrationStream
import PCIConfig
import StateLayout
import StateTranslation
import VirtualPCI

/// The PCI function of an emulated device, as vfio-pci shows it: its regions and its configuration
/// space.
///
/// The space has the layout of a profile: a type 0 header, PCI Express at 0x40, MSI or MSI-X behind
/// it, AER at 0x100.
struct EmulatedFunction: Sendable {
  private let profile: Profile
  private let initial: ConfigSpaceImage
  private(set) var configuration: [UInt8]
  private let interrupts: Interrupts

  /// How the function interrupts.
  enum Interrupts: Sendable {
    case msi(vectorCount: Int)
    /// With the table at the start of a BAR, and the pending bits in its second half.
    case msix(vectorCount: Int, bar: Int)

    var vectorCount: Int {
      switch self {
      case .msi(let count), .msix(let count, _): count
      }
    }
  }

  /// - Precondition: the BAR of an MSI-X table has 32 bytes or more for each vector.
  init(
    _ identity: ProfileIdentity, isVirtual: Bool = true, bars: [ProfileBAR],
    interrupts: Interrupts, vendorCapabilities: [[UInt8]] = []
  ) {
    self.interrupts = interrupts
    var capabilities = [ProfileCapability(.policy(for: .pciExpress), at: .at(0x40))]
    switch interrupts {
    case .msi(let vectorCount):
      capabilities.append(
        ProfileCapability(
          .policy(for: .msi), at: .at(0x80),
          content: CapabilityContent(
            version: 1,
            // Multiple Message Capable, 64-bit addresses, masking (PCI 3.0, 6.8.1.3).
            values: ["control": 0x180 | UInt32(vectorCount.trailingZeroBitCount) << 1])))
    case .msix(let vectorCount, let index):
      let half = bars.first { $0.index == index }.map { $0.size / 2 } ?? 0
      precondition(half >= UInt64(16 * vectorCount), "the MSI-X table must fit its BAR")
      capabilities.append(
        ProfileCapability(
          .policy(for: .msix), at: .at(0x80),
          content: CapabilityContent(
            version: 1,
            values: [
              "control": UInt32(vectorCount - 1), "table": UInt32(index),
              "pba": UInt32(truncatingIfNeeded: half) | UInt32(index),
            ])))
    }
    for bytes in vendorCapabilities {
      capabilities.append(
        ProfileCapability(
          .policy(for: .vendorSpecific), at: .auto,
          content: CapabilityContent(version: 1, bytes: bytes)))
    }
    capabilities.append(ProfileCapability(.policy(for: .advancedErrorReporting), at: .at(0x100)))
    profile = Profile(
      name: "emulated", isVirtualFunction: isVirtual, identity: identity, bars: bars,
      capabilities: capabilities)
    guard let layout = try? ProfileLayout(profile) else {
      preconditionFailure("a model's function must be one that a profile can describe")
    }
    initial = layout.image
    configuration = layout.image.reset
  }

  var pciIdentity: DeviceIdentity.PCIIdentity {
    let identity = profile.identity
    return DeviceIdentity.PCIIdentity(
      vendorID: identity.vendor, deviceID: identity.device,
      subsystemVendorID: identity.subsystemVendor, subsystemID: identity.subsystemDevice,
      classCode: identity.classCode, revisionID: identity.revision)
  }

  /// BARs 0 to 5, the ROM, the configuration space and VGA, in the order of
  /// `VFIO_PCI_…_REGION_INDEX`.
  var regions: [DeviceIdentity.Region] {
    (0..<9 as Range<UInt32>).map { index in
      let bar = profile.bars.first { $0.index == Int(index) }
      let byteCount = index == 7 ? UInt64(configuration.count) : bar?.size ?? 0
      // Read and write, and BARs can be mapped.
      let flags: UInt32 = index == 7 ? 3 : bar == nil ? 0 : 7
      return DeviceIdentity.Region(index: index, flags: flags, byteCount: byteCount)
    }
  }

  mutating func write(_ byte: UInt8, at offset: Int) {
    let (writable, clearable) = (initial.writable[offset], initial.clearable[offset])
    configuration[offset] =
      configuration[offset] & ~writable & ~(byte & clearable) | byte & writable
  }

  mutating func reset() { configuration = initial.reset }

  /// The facts that all families have.
  func facts(driver: String, layouts: [String]) -> DeviceFacts {
    var facts = DeviceFacts()
    facts.driver = driver
    facts.layouts = layouts
    facts.pci = DeviceFacts.PCI(
      vendorID: profile.identity.vendor, deviceID: profile.identity.device,
      revisionID: profile.identity.revision)
    if case .msix(let count, _) = interrupts { facts.msixVectorCount = count }
    return facts
  }
}

/// A model of a PCI function behind a vfio-pci driver. All that it shows besides its state comes
/// from its function.
protocol FunctionModel: DeviceModel {
  var function: EmulatedFunction { get set }
}

extension FunctionModel {
  var pciIdentity: DeviceIdentity.PCIIdentity? { function.pciIdentity }
  var regions: [DeviceIdentity.Region] { function.regions }
  var configuration: [UInt8] { function.configuration }
  var addressSpaceAbilities: AddressSpaceAbilities { AddressSpaceAbilities() }

  func writeConfiguration(_ bytes: [UInt8], at offset: Int) {
    for (index, byte) in bytes.enumerated() { function.write(byte, at: offset + index) }
  }
}
