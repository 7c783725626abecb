import ByteIO
package import Devices
package import EmulatedDevices
import TestSupport
import Testing

// Devices used call by call, as the tests of models do.

extension EmulatedDevice {
  /// The channel that the way to `state` opens.
  package func opened(_ state: MigrationState) throws -> any MigrationChannel {
    try #require(try transition(to: state))
  }

  /// Everything that the device hands out once it is stopped, read in steps.
  package func stopCopied(step: () -> Int = { 1 << 20 }) throws -> [UInt8] {
    let bytes = try opened(.stopCopy).drained(step: step)
    _ = try transition(to: .stop)
    return bytes
  }

  /// Everything that the device hands out to somebody who reads in PRE_COPY first.
  package func preCopied(step: () -> Int = { 1 << 20 }) throws -> (
    running: [UInt8], stopped: [UInt8]
  ) {
    let channel = try opened(.preCopy)
    let running = try channel.drained(step: step)
    #expect(try transition(to: .stopCopy) == nil)
    let stopped = try channel.drained(step: step)
    _ = try transition(to: .stop)
    return (running, stopped)
  }

  /// Loads `bytes` as a VMM does, in steps.
  package func load(_ bytes: [UInt8], step: () -> Int = { .max }) throws {
    try opened(.resuming).write(bytes, step: step)
    _ = try transition(to: .stop)
  }

  /// Where loading `bytes` fails and how; nil if it does not.
  package func refusal(of bytes: [UInt8], step: () -> Int = { .max }) -> DeviceError? {
    do {
      try load(bytes, step: step)
      return nil
    } catch {
      return error as? DeviceError
    }
  }
}

extension DeviceError.Operation {
  /// What RESUMING to STOP is answered with.
  package static var commit: Self { .transition(MigrationArc(.resuming, .stop)) }
}

extension MigrationChannel {
  package func read(_ count: Int) throws(DeviceError) -> [UInt8] {
    var buffer = ByteBuffer(capacity: count)
    _ = try buffer.fill(limit: count) { (span) throws(DeviceError) in try read(into: &span) }
    return [UInt8](buffer.bytes)
  }

  /// Reads until there is nothing now.
  package func drained(step: () -> Int = { 1 << 20 }) throws -> [UInt8] {
    var bytes: [UInt8] = []
    do throws(DeviceError) {
      while true {
        let part = try read(step())
        if part.isEmpty { return bytes }
        bytes += part
      }
    } catch {
      guard error.errno == .noMessage else { throw error }
      return bytes
    }
  }

  package func write(_ bytes: [UInt8]) throws(DeviceError) -> Int { try write(bytes.span.raw) }

  package func write(_ bytes: [UInt8], step: () -> Int) throws {
    var position = 0
    while position < bytes.count {
      let count = min(step(), bytes.count - position)
      position += try write(Array(bytes[position..<position + count]))
    }
  }
}

/// The errno that `body` throws.
package func number(_ body: () throws -> Void) -> LinuxErrno? {
  do { try body() } catch { return (error as? DeviceError)?.errno }
  return nil
}

extension [UInt8] {
  /// Stores `value` with its lowest byte first.
  package mutating func put(_ value: some FixedWidthInteger, at offset: Int) {
    for index in 0..<value.bitWidth / 8 {
      self[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
    }
  }

  package func little<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T {
    span.raw.little(type, at: offset)
  }
}

/// Sizes of steps that a seed gives.
package func steps(_ seed: UInt64, upTo limit: Int) -> () -> Int {
  var random = SplitMix64(seed: seed)
  return { Int.random(in: 1...limit, using: &random) }
}
