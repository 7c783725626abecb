public import ByteIO

/// One of the files of a migration, which several readers read, unless it is a pipe.
public final class QEMUFile<Input: ByteSource & RandomAccessBytes & ~Copyable> {
  /// Why the file cannot be read.
  public typealias Failure = Input.Failure

  private var input: Input
  /// The offset in the file of the stream.
  public let startOffset: UInt64

  /// Takes over a file, in which the stream begins at `startOffset`; of a pipe it begins where that
  /// is.
  public init(_ input: consuming Input, from startOffset: UInt64 = 0) {
    self.input = input
    self.startOffset = startOffset
  }

  /// What errors call the file.
  public var name: String { input.name }
  /// The size in bytes; nil for a pipe, which can be read once only.
  public var byteCount: UInt64? { input.byteCount }

  /// The stream from its start, or a pipe from where it is.
  ///
  /// - Parameter progress: is told how many bytes were read or passed over.
  public func reader(_ progress: @escaping (UInt64) -> Void = { _ in }) -> Reader {
    Reader(file: self, progress: progress)
  }

  /// `count` bytes from `offset`, or fewer if the file ends before.
  public func bytes(at offset: UInt64, count: Int) throws(Failure) -> [UInt8] {
    var buffer = ByteBuffer()
    try input.read(into: &buffer, at: offset, count: count)
    return [UInt8](buffer.bytes)
  }

  /// The file's bytes in their order; those that are passed over are not read.
  public struct Reader: ByteSource {
    fileprivate let file: QEMUFile
    fileprivate let progress: (UInt64) -> Void
    private var position: UInt64

    fileprivate init(file: QEMUFile, progress: @escaping (UInt64) -> Void) {
      self.file = file
      position = file.startOffset
      self.progress = progress
    }

    public var name: String { file.name }
    public var byteCount: UInt64? { file.byteCount }

    public mutating func read(into span: inout MutableRawSpan) throws(Failure) -> Int {
      let count =
        file.byteCount == nil
        ? try file.input.read(into: &span) : try file.input.read(into: &span, at: position)
      advance(UInt64(count))
      return count
    }

    public mutating func skip(_ count: UInt64) throws(Failure) -> UInt64 {
      guard let end = file.byteCount else { return 0 }
      let skipped = min(count, end - min(position, end))
      advance(skipped)
      return skipped
    }

    private mutating func advance(_ count: UInt64) {
      position += count
      progress(position)
    }
  }
}
