import Devices
import EmulatedDevices
import MigrationStream
import VFIO

/// A device of whatever kind a command line names: the engines take devices of one kind, and a capture may mix them.
final class AnyDevice: MigratableDevice {
  private let base: any MigratableDevice

  // Whether somebody else has it open too.
  private let isInherited: Bool

  init(_ base: any MigratableDevice, isInherited: Bool = false) {
    self.base = base
    self.isInherited = isInherited
  }

  /// The emulated device that it is, if it is one.
  var emulated: EmulatedDevice? { base as? EmulatedDevice }
  /// The kernel's device that it is, if it is one.
  var kernel: KernelDevice? { base as? KernelDevice }
  /// The digest of what an emulated device holds of a guest.
  var digest: String? { emulated?.model.digest }
  /// The driver, for what it means by its errno.
  var driver: String? { (try? identity())?.driver }

  /// Whether the driver resets the device when it is first opened and last closed, as vfio-pci does where a reset
  /// works, which is what this flag says (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_enable).
  var isResetWhenClosed: Bool {
    !isInherited && kernel?.information.flags.contains(.reset) == true
  }

  var name: String { base.name }
  func identity() throws(DeviceError) -> DeviceIdentity { try base.identity() }
  func abilities() throws(DeviceError) -> MigrationAbilities { try base.abilities() }
  func state() throws(DeviceError) -> MigrationState { try base.state() }
  func stopCopyByteCount() throws(DeviceError) -> UInt64 { try base.stopCopyByteCount() }
  func reset() throws(DeviceError) { try base.reset() }

  func transition(to target: MigrationState) throws(DeviceError) -> AnyChannel? {
    let opened: (any MigrationChannel)? = try base.transition(to: target)
    return opened.map(AnyChannel.init)
  }

  func configurationSpace() throws(DeviceError) -> [UInt8] { try base.configurationSpace() }
  func writeConfiguration(_ bytes: [UInt8], at offset: Int) throws(DeviceError) {
    try base.writeConfiguration(bytes, at: offset)
  }

  func addressSpaceAbilities() throws(DeviceError) -> AddressSpaceAbilities {
    try base.addressSpaceAbilities()
  }
  func allocate(_ domains: [PASIDTable.Domain]) throws(DeviceError) { try base.allocate(domains) }
  func attach(_ binding: PASIDTable.Binding) throws(DeviceError) { try base.attach(binding) }
  func detach(pasid: UInt32) throws(DeviceError) { try base.detach(pasid: pasid) }
  func releaseDomains() { base.releaseDomains() }
}

/// The data channel of such a device.
final class AnyChannel: MigrationChannel {
  private let base: any MigrationChannel

  init(_ base: any MigrationChannel) { self.base = base }

  func read(into span: inout MutableRawSpan) throws(DeviceError) -> Int {
    try base.read(into: &span)
  }
  func write(_ bytes: RawSpan) throws(DeviceError) -> Int { try base.write(bytes) }
  func preCopyInformation() throws(DeviceError) -> PreCopyInformation {
    try base.preCopyInformation()
  }
}
