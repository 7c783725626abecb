import CFerry
import FerryC
import FuzzSupport

/// The session that a callback is of.
private func session(_ context: UnsafeMutableRawPointer?) -> Session? {
  context.map { Unmanaged<Session>.fromOpaque($0).takeUnretainedValue() }
}

/// Takes output, at most a MiB; fails then.
func takeOutput(
  _ context: UnsafeMutableRawPointer?, _ bytes: UnsafeRawPointer?, _ count: Int
) -> Int32 {
  guard let session = session(context), let bytes else { return 22 }
  guard session.written.count + count <= 1 << 20 else {
    session.written = []
    return 28
  }
  session.written += UnsafeRawBufferPointer(start: bytes, count: count)
  return 0
}

/// Gives what was written as input.
func giveInput(
  _ context: UnsafeMutableRawPointer?, _ bytes: UnsafeMutableRawPointer?, _ capacity: Int,
  _ count: UnsafeMutablePointer<Int>?
) -> Int32 {
  guard let session = session(context), let bytes, let count else { return 22 }
  let start = min(session.readPosition, session.written.count)
  let end = min(start + capacity, session.written.count)
  UnsafeMutableRawBufferPointer(start: bytes, count: capacity).copyBytes(
    from: session.written[start..<end])
  session.readPosition = end
  count.pointee = end - start
  return 0
}

/// The same from an offset on.
func giveInputAt(
  _ context: UnsafeMutableRawPointer?, _ offset: UInt64, _ bytes: UnsafeMutableRawPointer?,
  _ capacity: Int, _ count: UnsafeMutablePointer<Int>?
) -> Int32 {
  session(context)?.readPosition = Int(offset)
  return giveInput(context, bytes, capacity, count)
}

/// Cancels once it was asked so often.
func isCancelled(_ context: UnsafeMutableRawPointer?) -> Int32 {
  guard let session = session(context) else { return 1 }
  session.questionsToCancellation -= 1
  return session.questionsToCancellation == 0 ? 1 : 0
}

/// Reads the device; the space that asks is in a call, so no other may use it.
func readRegister(
  _ context: UnsafeMutableRawPointer?, _ offset: UInt32, _ size: UInt32,
  _ value: UnsafeMutablePointer<UInt32>?
) -> Int32 {
  guard let session = session(context), let value else { return 22 }
  require(offset % size == 0 && offset + size <= 4096, "accesses are aligned and inside")
  if session.inCall != 0 {
    require(ferry_close(session.inCall, nil) == FERRY_ERROR_BUSY, "it is in a call")
  }
  value.pointee = (0..<size).reduce(0) {
    $0 | UInt32(session.device[Int(offset + $1)]) << (8 * $1)
  }
  return offset % 256 == 0xfc ? 5 : 0
}

/// Writes the device.
func writeRegister(
  _ context: UnsafeMutableRawPointer?, _ offset: UInt32, _ size: UInt32, _ value: UInt32
) -> Int32 {
  guard let session = session(context) else { return 22 }
  require(offset % size == 0 && offset + size <= 4096, "accesses are aligned and inside")
  for index in 0..<size {
    session.device[Int(offset + index)] = UInt8(truncatingIfNeeded: value >> (8 * index))
  }
  return 0
}
