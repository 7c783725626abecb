public import ByteIO
public import StateLayout
public import StreamIO

/// A source of device state that is a file.
public protocol StateInputSource: StateSource where Failure == StreamIOError {}

extension StateInputSource {
  /// Writes all of the state into a file, in pieces.
  public func copy(to file: borrowing OutputFile) throws(StreamIOError) {
    var buffer = ByteBuffer()
    var position: UInt64 = 0
    while position < byteCount {
      buffer.removeAll()
      let count = min(byteCount - position, 1 << 20)
      try read(at: position, count: Int(count), into: &buffer)
      try file.write(buffer.bytes)
      position += count
    }
  }
}

/// The content of a file.
public final class FileState: StateInputSource {
  private let file: InputFile
  public let byteCount: UInt64

  /// Takes over a file, which must not be a pipe.
  public init(_ file: consuming InputFile) {
    byteCount = file.byteCount ?? 0
    self.file = file
  }

  public func read(
    at offset: UInt64, count: Int, into buffer: inout ByteBuffer
  ) throws(StreamIOError) {
    let end = buffer.count + count
    buffer.reserve(end)
    while buffer.count < end {
      let position = offset + UInt64(count - (end - buffer.count))
      let got = try buffer.fill(limit: end - buffer.count) { (span) throws(StreamIOError) in
        try file.read(into: &span, at: position)
      }
      guard got > 0 else {
        throw StreamIOError(
          file.name, .content("expected \(byteCount) bytes, found the file cut to \(position)"))
      }
    }
  }
}
