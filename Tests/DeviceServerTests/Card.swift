import ByteIO
import Devices
import EmulatedDevices
import MigrationStream

/// A card as the kernel has one: it reaches memory and signals eventfds by itself.
final class Card: MigratableDevice, ConfigurableDevice, InterruptDevice, DMADevice {
  /// What the device was told.
  enum Call: Hashable {
    case map(AddressRange, DMAAccess)
    case mapFile(AddressRange, offset: UInt64)
    case unmap(AddressRange)
    case set(InterruptSetup, [Int32])
  }

  private(set) var calls: [Call] = []
  /// Whether memory can be had by its file.
  var takesFiles = true
  var mapError: LinuxErrno?
  /// The errno of a kind that is turned on.
  var interruptError: LinuxErrno?
  /// The range that stays, whoever takes it away.
  var stuckRange: AddressRange?
  /// Whether it can be reset.
  var resetError: LinuxErrno?

  private let base: EmulatedDevice
  private let space: [UInt8]

  init(_ space: [UInt8]) throws {
    base = try EmulatedDevice(DeviceURI(parsing: "emulated:mtty"))
    self.space = space
  }

  func forgetCalls() { calls = [] }

  var name: String { "card" }

  func identity() throws(DeviceError) -> DeviceIdentity {
    var identity = try base.identity()
    identity.pci = nil
    identity.regions = [DeviceIdentity.Region(index: 0, flags: 3, byteCount: 16 << 10)]
    return identity
  }

  func abilities() throws(DeviceError) -> MigrationAbilities { try base.abilities() }
  func state() throws(DeviceError) -> MigrationState { try base.state() }
  func stopCopyByteCount() throws(DeviceError) -> UInt64 { try base.stopCopyByteCount() }

  func transition(to target: MigrationState) throws(DeviceError) -> (any MigrationChannel)? {
    try base.transition(to: target)
  }

  func reset() throws(DeviceError) {
    if let resetError { throw DeviceError(.reset, resetError) }
    try base.reset()
  }

  // MARK: Registers

  func configurationSpace() throws(DeviceError) -> [UInt8] { space }

  func readConfiguration(at offset: Int, byteCount: Int) throws(DeviceError) -> UInt32 {
    (0..<byteCount).reduce(0) { $0 | UInt32(space[offset + $1]) << UInt32(8 * $1) }
  }

  func writeConfiguration(_ value: UInt32, at offset: Int, byteCount: Int) throws(DeviceError) {}

  // MARK: Interrupts

  func interrupts() throws(DeviceError) -> [InterruptInformation] {
    [
      InterruptInformation(index: 0, flags: [.eventfd, .maskable, .automasked], count: 1),
      InterruptInformation(index: 1, flags: .eventfd, count: 0),
      InterruptInformation(index: 2, flags: [.eventfd, .noResize], count: 64),
    ]
  }

  func set(_ setup: InterruptSetup, eventfds: [Int32]) throws(DeviceError) {
    if let interruptError, setup.count > 0 { throw DeviceError(.setInterrupts, interruptError) }
    calls.append(.set(setup, eventfds))
  }

  // MARK: Memory

  func map(_ range: AddressRange, to address: UInt, for access: DMAAccess) throws(DeviceError) {
    if let mapError { throw DeviceError(.mapDMA(at: range.start), mapError) }
    calls.append(.map(range, access))
  }

  func map(
    _ range: AddressRange, file: Int32, offset: UInt64, for access: DMAAccess
  ) throws(DeviceError) {
    guard takesFiles else { throw DeviceError(.mapDMA(at: range.start), .notSupported) }
    calls.append(.mapFile(range, offset: offset))
  }

  func unmap(_ range: AddressRange) throws(DeviceError) {
    if range == stuckRange { throw DeviceError(.unmapDMA(at: range.start), .busy) }
    calls.append(.unmap(range))
  }

  func startDMALogging(_ ranges: [AddressRange], pageByteCount: UInt64) throws(DeviceError) {
    throw DeviceError(.logDMA, .notSupportedByDriver)
  }

  func stopDMALogging() throws(DeviceError) { throw DeviceError(.logDMA, .notSupportedByDriver) }

  func dirtyPages(in range: AddressRange, pageByteCount: UInt64) throws(DeviceError) -> [UInt8] {
    throw DeviceError(.logDMA, .notSupportedByDriver)
  }
}
