package import Devices
package import MigrationStream
package import StateTranslation

/// A driver's part of an emulated device, which differs from one device to another.
///
/// `EmulatedDevice` stands for the kernel's core, which all drivers share. Errors are the driver's
/// errno.
package protocol DeviceModel: AnyObject {
  /// The name of the driver that the model stands for.
  var driver: String { get }
  var abilities: MigrationAbilities { get }
  var pciIdentity: DeviceIdentity.PCIIdentity? { get }
  var regions: [DeviceIdentity.Region] { get }
  /// The configuration region.
  var configuration: [UInt8] { get }
  var addressSpaceAbilities: AddressSpaceAbilities { get }
  /// The facts that a translation to this device goes by.
  var facts: DeviceFacts { get }
  /// A digest of the guest's state in the device: equal for equal states.
  var digest: String { get }

  /// Writes bytes of the configuration region, all within it, in one call; read-only bits stay.
  func writeConfiguration(_ bytes: [UInt8], at offset: Int)

  /// Takes one of the arcs that drivers implement; `MigrationArc` says which open or close a
  /// channel.
  func take(_ arc: MigrationArc) throws(LinuxErrno)

  /// Reads from the state that the last arc made readable; `state` is PRE_COPY, PRE_COPY_P2P or
  /// STOP_COPY.
  func read(into span: inout MutableRawSpan, in state: MigrationState) throws(LinuxErrno) -> Int

  /// The most bytes of state that the driver takes, if it refuses more with ENOMEM before any other
  /// check.
  var stateByteLimit: Int { get }

  /// Takes bytes of state in RESUMING.
  func write(_ bytes: RawSpan) throws(LinuxErrno) -> Int

  func preCopyInformation() throws(LinuxErrno) -> PreCopyInformation
  func stopCopyByteCount() throws(LinuxErrno) -> UInt64

  /// Ends whatever was saved or resumed.
  func reset()

  // MARK: What a guest does with it

  /// Reads registers of a region that is not the configuration space; nil if it is memory that
  /// nothing acts on.
  func read(region: UInt32, at offset: UInt64, byteCount: Int) -> [UInt8]?

  /// Writes registers; false for memory that nothing acts on.
  func write(_ bytes: [UInt8], region: UInt32, at offset: UInt64) -> Bool

  /// Whether the function asks for its INTx.
  var isInterruptPending: Bool { get }

  /// Reaches into memory as far as is due; when to be asked again, or nil.
  func advance(to now: Duration, in memory: any DMAMemory) -> Duration?
}

extension DeviceModel {
  package func read(region: UInt32, at offset: UInt64, byteCount: Int) -> [UInt8]? { nil }
  package func write(_ bytes: [UInt8], region: UInt32, at offset: UInt64) -> Bool { false }
  package var isInterruptPending: Bool { false }
  package func advance(to now: Duration, in memory: any DMAMemory) -> Duration? { nil }

  package var stateByteLimit: Int { .max }
}
