public import ByteIO
public import StateLayout
public import StreamIO

/// A source of device state that is a file.
public protocol StateInputSource: StateSource where Failure == StreamIOError {}

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
