public import Devices

/// The data channel of an emulated device.
public final class EmulatedChannel: PolledChannel {
  private let device: EmulatedDevice
  private let number: Int
  private let isWritable: Bool
  /// The bytes that went through.
  private var position: UInt64 = 0

  init(_ number: Int, to device: EmulatedDevice, isWritable: Bool) {
    self.device = device
    self.number = number
    self.isWritable = isWritable
  }

  /// Whether the arc or the reset that ends it came; every call is ENODEV then.
  private var isDisabled: Bool { device.openChannel != number }

  public func read(into span: inout MutableRawSpan) throws(DeviceError) -> Int {
    let operation = DeviceError.Operation.readData(at: position)
    // The file is open for one direction only, which the VFS checks before the driver.
    if isWritable { throw DeviceError(operation, .badDescriptor) }
    if isDisabled { throw DeviceError(operation, .noDevice) }
    let room = try room(for: span.byteCount, operation)
    guard room > 0 else { return 0 }
    var part = span._mutatingExtracting(first: room)
    let state = device.current
    let model = device.model
    let count: Int
    do throws(LinuxErrno) {
      count = try model.read(into: &part, in: state)
    } catch {
      throw DeviceError(operation, error)
    }
    position += UInt64(count)
    device.observe(.read(byteCount: count))
    return count
  }

  public func write(_ bytes: RawSpan) throws(DeviceError) -> Int {
    let operation = DeviceError.Operation.writeData(at: position)
    if !isWritable { throw DeviceError(operation, .badDescriptor) }
    if isDisabled {
      // The file that ended stands at its begin again.
      let isTooLong = bytes.byteCount > device.model.stateByteLimit
      throw DeviceError(operation, isTooLong ? .outOfMemory : .noDevice)
    }
    let room = try room(for: bytes.byteCount, operation)
    let count: Int
    do throws(LinuxErrno) {
      count = try device.model.write(bytes.extracting(first: room))
    } catch {
      throw DeviceError(operation, error)
    }
    position += UInt64(count)
    device.observe(.write(byteCount: count))
    return count
  }

  /// How many of `count` bytes may pass before the next fault.
  private func room(
    for count: Int, _ operation: DeviceError.Operation
  ) throws(DeviceError) -> Int {
    let limit = min(count, device.stepLimit)
    guard let (offset, fault) = device.faults.nextByteFault(from: position) else { return limit }
    let left = Int(clamping: offset - position)
    if left == 0, limit > 0 {
      if fault.entersError { device.fail() }
      throw DeviceError(operation, fault.number)
    }
    return min(limit, left)
  }

  /// Reading at an offset of one's own: the channel has none (`stream_open`), so this is ESPIPE.
  public func read(into span: inout MutableRawSpan, at offset: UInt64) throws(DeviceError) -> Int {
    throw DeviceError(.readData(at: offset), .notSeekable)
  }

  /// As for a file without a poll of its own: always.
  public func isReadable() throws(DeviceError) -> Bool { true }

  public func preCopyInformation() throws(DeviceError) -> PreCopyInformation {
    let operation = DeviceError.Operation.readPreCopyInformation
    // A resuming file has no such ioctl.
    if isWritable { throw DeviceError(operation, .notSupportedByDriver) }
    if let fault = device.faults.fault(at: .call(.information)) {
      throw DeviceError(operation, fault.number)
    }
    guard device.current == .preCopy || device.current == .preCopyP2P else {
      throw DeviceError(operation, .invalid)
    }
    if isDisabled { throw DeviceError(operation, .noDevice) }
    do throws(LinuxErrno) {
      return try device.model.preCopyInformation()
    } catch {
      throw DeviceError(operation, error)
    }
  }
}
