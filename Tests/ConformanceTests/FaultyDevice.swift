import ByteIO
import Conformance
import DeviceTestSupport
import Devices
import EmulatedDevices
import MigrationStream
import TestSupport

/// An emulated device that also logs DMA, and that a fault can be planted in at every call.
final class FaultyDevice: MigratableDevice, FeatureDevice, DMADevice {
  let base: EmulatedDevice
  let clock = ManualClock()
  /// The bytes read or written since the last transition.
  var movedByteCount = 0
  /// How many states were saved, and loaded.
  var saveCount = 0
  var loadCount = 0
  /// Whether the device hands out no state, until a reset.
  var isBroken = false
  var isReopened = false
  var lastChannel: FaultyChannel?

  // What a fault puts in place of the device's answers.
  var answerAbilities: (FaultyDevice) throws(DeviceError) -> MigrationAbilities = {
    (device) throws(DeviceError) in try device.base.abilities()
  }
  var answerProbe: (DeviceFeature, Bool) -> Bool = { $1 }
  var answerTransition:
    (FaultyDevice, MigrationState) throws(DeviceError) -> (any MigrationChannel)? = {
      (device, target) throws(DeviceError) in try device.move(to: target)
    }
  var answerSize: (FaultyDevice) throws(DeviceError) -> UInt64 = {
    (device) throws(DeviceError) in try device.base.stopCopyByteCount()
  }
  var answerReset: (FaultyDevice) throws(DeviceError) -> Void = {
    (device) throws(DeviceError) in try device.base.reset()
  }
  /// Changes what was read, at the offset that the session has come to.
  var changeRead: (FaultyDevice, [UInt8], Int) throws(DeviceError) -> [UInt8] = { _, bytes, _ in
    bytes
  }
  /// What a failed read answers; nil for its error.
  var answerFailedRead: (FaultyDevice, LinuxErrno) -> [UInt8]? = { _, _ in nil }
  /// How many bytes of a write are swallowed; nil if it goes to the device.
  var swallow: (FaultyDevice, Int) throws(DeviceError) -> Int? = { _, _ in nil }
  /// What a failed write answers; nil for its error.
  var answerFailedWrite: (FaultyDevice, Int) -> Int? = { _, _ in nil }
  var changeInformation: (FaultyDevice, PreCopyInformation) -> PreCopyInformation = { $1 }
  /// What failed pre-copy information answers; nil for its error.
  var answerFailedInformation: PreCopyInformation?
  var answerPoll: (FaultyDevice) -> Bool = { _ in true }

  // DMA logging.
  var isLogging = false
  var allowsSecondStart = false
  var refusedPage: UInt64?
  var allowsOverlap = false

  init(_ base: EmulatedDevice) { self.base = base }

  var now: MigrationState { base.now ?? .error }
  var name: String { base.name }
  func identity() throws(DeviceError) -> DeviceIdentity { try base.identity() }
  func abilities() throws(DeviceError) -> MigrationAbilities { try answerAbilities(self) }
  func state() throws(DeviceError) -> MigrationState { try base.state() }

  func transition(to target: MigrationState) throws(DeviceError) -> (any MigrationChannel)? {
    if isBroken, target == .stopCopy { throw error(.inputOutput) }
    defer { movedByteCount = 0 }
    return try answerTransition(self, target)
  }

  /// What the device does without a fault.
  func move(to target: MigrationState) throws(DeviceError) -> (any MigrationChannel)? {
    let from = now
    guard let channel = try base.transition(to: target) else {
      if from == .resuming { loadCount += 1 }
      return nil
    }
    if target == .stopCopy { saveCount += 1 }
    let wrapped = FaultyChannel(channel, of: self)
    lastChannel = wrapped
    return wrapped
  }

  func stopCopyByteCount() throws(DeviceError) -> UInt64 { try answerSize(self) }

  func reset() throws(DeviceError) {
    try answerReset(self)
    isBroken = false
  }

  func error(_ number: LinuxErrno) -> DeviceError { DeviceError(.reset, number) }

  func has(_ feature: DeviceFeature, for access: DeviceFeature.Access) -> Bool {
    let isThere =
      switch feature {
      case .startDMALogging, .stopDMALogging: access == .set
      case .reportDMALogging: access == .get
      default: base.has(feature, for: access)
      }
    return answerProbe(feature, isThere)
  }

  func map(_ range: AddressRange, to address: UInt, for access: DMAAccess) throws(DeviceError) {}
  func unmap(_ range: AddressRange) throws(DeviceError) {}

  func startDMALogging(_ ranges: [AddressRange], pageByteCount: UInt64) throws(DeviceError) {
    let isRefused =
      isLogging && !allowsSecondStart || ranges.isEmpty
      || Set(ranges).count < ranges.count && !allowsOverlap
    if isRefused { throw DeviceError(.logDMA, .invalid) }
    isLogging = true
  }

  func stopDMALogging() throws(DeviceError) { isLogging = false }

  func dirtyPages(in range: AddressRange, pageByteCount: UInt64) throws(DeviceError) -> [UInt8] {
    guard isLogging, pageByteCount != refusedPage else { throw DeviceError(.logDMA, .invalid) }
    return [UInt8](repeating: 0, count: Int(range.byteCount / pageByteCount + 63) / 64 * 8)
  }
}

final class FaultyChannel: PolledChannel {
  var base: any MigrationChannel
  // The device keeps its last channel, and is there as long as one is used.
  private unowned let device: FaultyDevice

  init(_ base: any MigrationChannel, of device: FaultyDevice) {
    self.base = base
    self.device = device
  }

  func read(into span: inout MutableRawSpan) throws(DeviceError) -> Int {
    let offset = device.movedByteCount
    var bytes: [UInt8]
    do throws(DeviceError) {
      bytes = try base.read(span.byteCount)
    } catch {
      guard let answer = device.answerFailedRead(device, error.errno) else { throw error }
      bytes = answer
    }
    device.movedByteCount += bytes.count
    bytes = Array(try device.changeRead(device, bytes, offset).prefix(span.byteCount))
    span.copy(bytes.span.raw)
    return bytes.count
  }

  func write(_ bytes: RawSpan) throws(DeviceError) -> Int {
    defer { device.movedByteCount += bytes.byteCount }
    if let count = try device.swallow(device, bytes.byteCount) { return count }
    do throws(DeviceError) {
      return try base.write(bytes)
    } catch {
      guard let count = device.answerFailedWrite(device, bytes.byteCount) else { throw error }
      return count
    }
  }

  func preCopyInformation() throws(DeviceError) -> PreCopyInformation {
    do throws(DeviceError) {
      return device.changeInformation(device, try base.preCopyInformation())
    } catch {
      guard let answer = device.answerFailedInformation else { throw error }
      return answer
    }
  }

  func isReadable() throws(DeviceError) -> Bool { device.answerPoll(device) }
}

/// Opens a faulty device; a second user is refused.
final class FaultyOpener: DeviceOpener {
  let device: FaultyDevice
  /// What a second user gets; nil for a refusal.
  var second: (() -> any MigratableDevice)?
  private var isOpen = false

  init(_ device: FaultyDevice) { self.device = device }

  var name: String { device.name }

  func open() throws(DeviceError) -> any MigratableDevice {
    if isOpen {
      guard let second else { throw DeviceError(.open(name), .busy) }
      return second()
    }
    isOpen = true
    return device
  }

  func close(_ device: any MigratableDevice) {
    isOpen = false
    self.device.isReopened = true
    self.device.base.abandon()
    try? self.device.base.reset()
  }
}
