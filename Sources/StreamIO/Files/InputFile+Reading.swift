public import ByteIO

extension InputFile {
  /// Reads on until `buffer` holds `count` bytes or the input ends; what it held before stays.
  public borrowing func read(
    into buffer: inout ByteBuffer, upTo count: Int
  ) throws(StreamIOError) {
    buffer.reserve(count)
    while buffer.count < count {
      let got = try buffer.fill(limit: count - buffer.count) { (span) throws(StreamIOError) in
        try read(into: &span)
      }
      if got == 0 { return }
    }
  }

  /// Replaces what `buffer` holds by `count` bytes from `offset`, or by fewer where the file ends before.
  public borrowing func read(
    into buffer: inout ByteBuffer, at offset: UInt64, count: Int
  ) throws(StreamIOError) {
    buffer.removeAll()
    buffer.reserve(count)
    while buffer.count < count {
      let position = offset &+ UInt64(buffer.count)
      let got = try buffer.fill(limit: count - buffer.count) { (span) throws(StreamIOError) in
        try read(into: &span, at: position)
      }
      if got == 0 { return }
    }
  }

  /// All bytes of a small input; an error where there are more than `limit`.
  public borrowing func contents(limit: Int) throws(StreamIOError) -> [UInt8] {
    var buffer = ByteBuffer()
    var room = 4096
    repeat {
      room = min(room * 4, limit + 1)
      try read(into: &buffer, upTo: room)
    } while buffer.count == room && room <= limit
    guard buffer.count <= limit else {
      throw StreamIOError(path, .content("expected at most \(limit) bytes, found more"))
    }
    return [UInt8](buffer.bytes)
  }
}
