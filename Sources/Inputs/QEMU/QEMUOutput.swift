public import ByteIO
import MigrationStream
import QEMUStream
public import StreamIO

/// A QEMU stream that is written in what another is in: by itself, behind what a larger file has
/// before it, or behind the head of a libvirt save image and in that image's compression.
public struct QEMUOutput: ByteSink, ~Copyable {
  private var file: OutputFile
  private let filter: (any OutputFilter)?

  /// Writes to `path`, or to standard output for `-`, what stands before the stream in `input`.
  public init(_ path: String, like input: QEMUInput) throws(InputError) {
    let format = input.image?.format.compression
    let filter = try format.flatMap { (format) throws(InputError) in
      try Self.compressor(format, path)
    }
    file = try Self.open(path, like: input)
    self.filter = filter
  }

  /// Copies what a larger file has before the stream.
  private static func copy(
    _ byteCount: UInt64, of source: QEMUFile<InputFile>, to file: borrowing OutputFile
  ) throws(StreamIOError) {
    var position: UInt64 = 0
    while position < byteCount {
      let count = Int(min(byteCount - position, 1 << 20))
      let bytes = try source.bytes(at: position, count: count)
      guard !bytes.isEmpty else {
        throw StreamIOError(
          source.name, .content("expected \(byteCount) bytes, found the file cut to \(position)"))
      }
      try writeLeavingHoles(bytes.span.raw, to: file)
      position += UInt64(bytes.count)
    }
  }

  private static func compressor(
    _ format: FileKind.Compression, _ path: String
  ) throws(InputError) -> (any OutputFilter)? {
    guard let codec = try QEMUInput.codec(format, .compress, path) else { return nil }
    return Compressor(codec, format)
  }

  private static func open(
    _ path: String, like input: QEMUInput
  ) throws(InputError) -> OutputFile {
    do throws(StreamIOError) {
      let file = try OutputFile(path: path)
      if !input.head.isEmpty { try file.write(input.head.span.raw) }
      if let offset = input.offset { try copy(offset, of: input.stream, to: file) }
      return file
    } catch {
      throw InputError(path, .file(error))
    }
  }

  public var name: String { file.name }

  public mutating func write(_ head: RawSpan, _ body: RawSpan) throws(StreamIOError) {
    guard filter != nil else {
      if body.byteCount < Self.holeByteCount { return try file.write(head, body) }
      if head.byteCount > 0 { try file.write(head) }
      return try Self.writeLeavingHoles(body, to: file)
    }
    try pass(head)
    try pass(body)
  }

  // The memory of a mapped stream is mostly holes, which are to stay some; each costs a few calls.
  private static let holeByteCount = 64 << 10

  /// Writes what is not zero, and leaves out blocks that are.
  private static func writeLeavingHoles(
    _ bytes: RawSpan, to file: borrowing OutputFile
  ) throws(StreamIOError) {
    var (start, index) = (0, 0)
    while bytes.byteCount &- index >= holeByteCount {
      let next = index &+ holeByteCount
      if bytes.extracting(index..<next).fillByte == 0 {
        if index > start { try file.write(bytes.extracting(start..<index)) }
        try file.skip(UInt64(holeByteCount))
        start = next
      }
      index = next
    }
    if start < bytes.byteCount { try file.write(bytes.extracting(start..<bytes.byteCount)) }
  }

  private borrowing func pass(_ bytes: RawSpan) throws(StreamIOError) {
    guard bytes.byteCount > 0 else { return }
    try filter?.write(bytes, of: name) { (span) throws(StreamIOError) in try file.write(span) }
  }

  private borrowing func drain() throws(StreamIOError) {
    try filter?.finish(of: name) { (span) throws(StreamIOError) in try file.write(span) }
  }

  public mutating func finish() throws(StreamIOError) {
    try drain()
    try file.finish()
  }
}
