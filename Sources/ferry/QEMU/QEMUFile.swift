import ByteIO
import QEMUStream
import StreamIO

/// One of the files of a migration: read several times where it can be, by several readers.
final class QEMUFile {
  private let file: InputFile

  init(_ file: consuming InputFile) {
    self.file = file
  }

  var path: String { file.name }
  /// The size in bytes; nil for a pipe.
  var byteCount: UInt64? { file.byteCount }

  /// The file from its start; a pipe from where it is. `progress` is told how many bytes were read, `before` of other files
  /// among them.
  func source(_ progress: Progress? = nil, before: UInt64 = 0) -> Source {
    Source(file: self, progress: progress, before: before)
  }

  /// `count` bytes from `offset`, or fewer where the file ends before.
  func bytes(at offset: UInt64, count: Int) throws(StreamIOError) -> [UInt8] {
    var buffer = ByteBuffer()
    try file.read(into: &buffer, at: offset, count: count)
    return [UInt8](buffer.bytes)
  }

  /// Copies a range of the file to `output`.
  func copy(_ range: Range<UInt64>, to output: borrowing OutputFile) throws {
    var buffer = ByteBuffer(capacity: 1 << 20)
    var position = range.lowerBound
    while position < range.upperBound {
      let count = Int(min(range.upperBound - position, 1 << 20))
      try file.read(into: &buffer, at: position, count: count)
      guard buffer.count == count else {
        throw StreamIOError(
          path, .content("expected \(range.upperBound) bytes, found the file cut to fewer"))
      }
      try output.write(buffer.bytes)
      position += UInt64(count)
    }
  }

  /// The file's bytes in their order; what can be jumped over is not read.
  struct Source: ByteSource {
    fileprivate let file: QEMUFile
    private let progress: Progress?
    private let before: UInt64
    private var position: UInt64 = 0

    fileprivate init(file: QEMUFile, progress: Progress?, before: UInt64) {
      self.file = file
      self.progress = progress
      self.before = before
    }

    var name: String { file.path }
    var byteCount: UInt64? { file.byteCount }

    mutating func read(into span: inout MutableRawSpan) throws(StreamIOError) -> Int {
      let count =
        file.byteCount == nil
        ? try file.file.read(into: &span) : try file.file.read(into: &span, at: position)
      advance(UInt64(count))
      return count
    }

    mutating func skip(_ count: UInt64) throws(StreamIOError) -> UInt64 {
      guard let end = file.byteCount else { return 0 }
      let skipped = min(count, end - min(position, end))
      advance(skipped)
      return skipped
    }

    private mutating func advance(_ count: UInt64) {
      position += count
      progress?.update(before + position)
    }
  }
}
