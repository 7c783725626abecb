public import Devices
public import MigrationStream
public import StateTranslation

/// A driver's part of an emulated device: what differs from one device to another.
///
/// `EmulatedDevice` does what the kernel's core does for all drivers. Errors are the errno that the driver answers with.
public protocol DeviceModel: AnyObject {
  /// The name of the driver that the model stands for.
  var driver: String { get }
  var abilities: MigrationAbilities { get }
  var pciIdentity: DeviceIdentity.PCIIdentity? { get }
  var regions: [DeviceIdentity.Region] { get }
  /// The configuration region.
  var configuration: [UInt8] { get }
  var addressSpaceAbilities: AddressSpaceAbilities { get }
  /// What a translation to this device goes by.
  var facts: DeviceFacts { get }
  /// A digest of what the device holds of a guest: two devices that hold the same have the same.
  var digest: String { get }

  /// Writes bytes of the configuration region, all within it, in one call; read-only bits stay.
  func writeConfiguration(_ bytes: [UInt8], at offset: Int)

  /// Takes one arc of those that drivers implement; `MigrationArc` says which open or close a channel.
  func take(_ arc: MigrationArc) throws(ErrorNumber)

  /// Reads from the state that the arc before made readable; `state` is PRE_COPY, PRE_COPY_P2P or STOP_COPY.
  func read(into span: inout MutableRawSpan, in state: MigrationState) throws(ErrorNumber) -> Int

  /// The most bytes of state that the driver takes where it refuses more with ENOMEM before it looks at anything else.
  var stateByteLimit: Int { get }

  /// Takes bytes of state in RESUMING.
  func write(_ bytes: RawSpan) throws(ErrorNumber) -> Int

  func preCopyInformation() throws(ErrorNumber) -> PreCopyInformation
  func stopCopyByteCount() throws(ErrorNumber) -> UInt64

  /// Ends whatever was saved or resumed.
  func reset()
}

extension DeviceModel {
  public var stateByteLimit: Int { .max }
}
