import ByteIO
import Devices

extension CheckSession {
  /// Goes to a state that opens a data channel; the channel.
  ///
  /// Without one, the error is of no driver and names the arc.
  func entering(_ target: MigrationState) throws(DeviceError) -> any MigrationChannel {
    let from = try state()
    guard let channel = try set(target) else {
      throw DeviceError(
        .transition(MigrationArc(from, target)), .badDescriptor, detail: "no data_fd came with it")
    }
    return channel
  }

  /// Goes to a state without a look at what comes with it.
  func leave(to target: MigrationState) throws(DeviceError) { _ = try set(target) }

  /// Reads once.
  func read(_ count: Int, from channel: any MigrationChannel) throws(DeviceError) -> [UInt8] {
    var buffer = ByteBuffer(capacity: count)
    _ = try logged("read(\(count))") { () throws(DeviceError) in
      try buffer.fill(limit: count) { (span) throws(DeviceError) in try channel.read(into: &span) }
    }
    return [UInt8](buffer.bytes)
  }

  /// Reads to the end of what there is now; nil if that is more than `limit` bytes.
  ///
  /// ENOMSG is the end while the device runs, and an error in STOP_COPY.
  func drain(
    _ channel: any MigrationChannel, limit: Int, isRunning: Bool = false,
    step: (Int) -> Int = { _ in 1 << 20 }
  ) throws(DeviceError) -> [UInt8]? {
    var bytes: [UInt8] = []
    while bytes.count <= limit {
      do throws(DeviceError) {
        let part = try read(max(1, step(bytes.count)), from: channel)
        if part.isEmpty { return bytes }
        bytes += part
      } catch {
        guard isRunning, error.errno == .noMessage else { throw error }
        return bytes
      }
    }
    return nil
  }

  /// The whole state of a stopped device, which is in STOP afterwards.
  func save(step: (Int) -> Int = { _ in 1 << 20 }) throws(DeviceError) -> [UInt8] {
    let channel = try entering(.stopCopy)
    let bytes = try drain(channel, limit: options.stateByteLimit, step: step)
    guard let bytes else {
      throw DeviceError(
        .readData(at: UInt64(options.stateByteLimit)), .tooLarge,
        detail: "more than \(options.stateByteLimit) bytes came, and no end")
    }
    try leave(to: .stop)
    return bytes
  }

  /// Writes all of `bytes`, in pieces of `step` of the offset.
  func write(
    _ bytes: [UInt8], to channel: any MigrationChannel, step: (Int) -> Int = { _ in 1 << 20 }
  ) throws(DeviceError) {
    var position = 0
    while position < bytes.count {
      let count = min(max(1, step(position)), bytes.count - position)
      let span = bytes.span.raw.extracting(position..<position + count)
      let taken = try logged("write(\(count))") { () throws(DeviceError) in
        try channel.write(span)
      }
      writtenByteCount += UInt64(max(0, taken))
      guard taken > 0 else {
        throw DeviceError(
          .writeData(at: UInt64(position)), .inputOutput, detail: "0 of \(count) bytes were taken")
      }
      position += taken
    }
  }

  /// Loads a state; the device is in STOP afterwards.
  func load(
    _ bytes: [UInt8], step: (Int) -> Int = { _ in 1 << 20 }
  ) throws(DeviceError) {
    try write(bytes, to: try entering(.resuming), step: step)
    try leave(to: .stop)
  }

  /// Goes from RUNNING to `state` and, for RESUMING, gives the device its own state, so that it
  /// can leave.
  func reach(_ target: MigrationState) throws(DeviceError) {
    guard let channel = try set(target), target == .resuming, let saved else { return }
    try write(saved, to: channel)
  }

  /// Pre-copy information, asked of a channel.
  func information(_ channel: any MigrationChannel) throws(DeviceError) -> PreCopyInformation {
    try logged("MIG_GET_PRECOPY_INFO") { () throws(DeviceError) in
      try channel.preCopyInformation()
    }
  }
}
