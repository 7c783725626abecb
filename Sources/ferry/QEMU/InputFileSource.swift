import QEMUStream
import StreamIO

/// A file or a pipe as the source of a QEMU stream; what a file can jump over is not read.
struct InputFileSource: ByteSource, ~Copyable {
  private let file: InputFile
  private var position: UInt64 = 0

  init(_ file: consuming InputFile) {
    self.file = file
  }

  mutating func read(into span: inout MutableRawSpan) throws -> Int {
    let count = try file.read(into: &span, at: file.byteCount == nil ? nil : position)
    position += UInt64(count)
    return count
  }

  mutating func skip(_ count: UInt64) throws -> UInt64 {
    guard let end = file.byteCount else { return 0 }
    let skipped = min(count, end - min(position, end))
    position += skipped
    return skipped
  }
}
