import ByteIO
public import QEMUStream
public import StreamIO

/// A file of a QEMU migration in whatever holds it: by itself, in a libvirt save image, or in a
/// larger file.
public struct QEMUInput {
  /// The file as the user named it.
  public let name: String
  /// The head of the libvirt save image; nil for a stream by itself.
  public let image: LibvirtSaveHeader?
  /// All of the image before the stream; empty for a stream by itself, or at an offset.
  let head: [UInt8]
  /// Where the stream begins in a larger file, as the user says; nil if the user says nothing.
  public let offset: UInt64?
  /// The stream, whose offsets are those in an image that is not compressed.
  public let stream: QEMUFile<InputFile>

  /// Opens the file at `name`, or takes standard input for `-`.
  ///
  /// - Parameters:
  ///   - name: the file, as the user named it.
  ///   - isReadTwice: whether what can be read only once, as a pipe and what is compressed, is
  ///     copied into a file without a name.
  /// - Throws: `InputError` with cause `kind` if the file is something else, or an image that is
  ///   compressed by what has no library here; with cause `qemuStream` if the image is refused.
  public init(_ name: String, isReadTwice: Bool) throws(InputError) {
    let recognized = try RecognizedFile(name)
    self.name = name
    offset = nil
    guard recognized.kind == .libvirtSaveImage else {
      image = nil
      head = []
      let file = try recognized.file(for: .qemuStream)
      stream = QEMUFile(isReadTwice ? try file.seekable(name) : file)
      return
    }
    // What lies before the stream is passed over, which a pipe cannot.
    var file = try recognized.file().seekable(name)
    let bytes = try file.prefix(LibvirtSaveHeader.byteCount, of: name)
    let image = try Self.header(bytes, name)
    guard let byteCount = file.byteCount, byteCount >= image.streamOffset else {
      throw InputError(
        name,
        .qemuStream(
          QEMUStreamError(
            .torn, at: file.byteCount ?? 0,
            expected: "the stream at offset \(image.streamOffset)",
            found: "the end of the image")))
    }
    head = try file.prefix(Int(image.streamOffset), of: name)
    self.image = image
    guard let compression = image.format.compression else {
      stream = QEMUFile(file, from: image.streamOffset)
      return
    }
    try Self.unpack(&file, compression, from: image.streamOffset, name)
    stream = QEMUFile(isReadTwice ? try file.seekable(name) : file)
  }

  /// Opens the file at `name`, in which a stream begins at `offset`, whatever stands before it.
  ///
  /// A pipe is copied into a file without a name.
  ///
  /// - Throws: `InputError` with cause `qemuStream` if the file ends before, with cause `kind` if
  ///   what stands there is something else.
  public init(_ name: String, at offset: UInt64) throws(InputError) {
    let file = try InputError.reading(name) { () throws(StreamIOError) in
      try InputFile(path: name)
    }.seekable(name)
    guard let byteCount = file.byteCount, byteCount > offset else {
      throw InputError(
        name,
        .qemuStream(
          QEMUStreamError(
            .torn, at: file.byteCount ?? 0, expected: "a stream at offset \(offset)",
            found: "the end of the file")))
    }
    let prefix = try InputError.reading(name) { () throws(StreamIOError) in
      var buffer = ByteBuffer()
      try file.read(into: &buffer, at: offset, count: FileKind.prefixByteCount)
      return [UInt8](buffer.bytes)
    }
    let kind = FileKind(prefix: prefix, byteCount: byteCount - offset)
    guard InputUse.qemuStream.takes(kind), kind != .libvirtSaveImage else {
      throw InputError(
        name, .kind(kind, expected: "a QEMU migration stream at offset \(offset)", advice: nil))
    }
    self.name = name
    self.offset = offset
    image = nil
    head = []
    stream = QEMUFile(file, from: offset)
  }

  private static func header(
    _ bytes: [UInt8], _ name: String
  ) throws(InputError) -> LibvirtSaveHeader {
    do throws(QEMUStreamError) {
      return try LibvirtSaveHeader(parsing: bytes.span.raw)
    } catch {
      throw InputError(name, .qemuStream(error))
    }
  }

  private static func unpack(
    _ file: inout InputFile, _ compression: FileKind.Compression, from offset: UInt64,
    _ name: String
  ) throws(InputError) {
    guard let codec = try codec(compression, .decompress, name) else {
      let path = ShellWord(name).text
      throw InputError(
        name,
        .kind(
          .compressed(compression), expected: "a stream that can be unpacked here",
          advice: "tail -c +\(offset + 1) \(path) | \(compression.rawValue) -dc unpacks it"))
    }
    do throws(StreamIOError) {
      try file.filter(by: Decompressor(codec, compression), from: offset)
    } catch {
      throw InputError(name, .file(error))
    }
  }

  /// A codec for the file `name`; nil if the format has none here.
  static func codec(
    _ compression: FileKind.Compression, _ direction: CodecDirection, _ name: String
  ) throws(InputError) -> (any Codec)? {
    do throws(CodecFailure) {
      return try compression.codec(direction)
    } catch {
      throw InputError(
        name, .file(StreamIOError(name, .content("\(compression.rawValue): \(error.reason)"))))
    }
  }
}

extension InputFile {
  /// The first bytes of a file that the user calls `name`.
  fileprivate borrowing func prefix(_ count: Int, of name: String) throws(InputError) -> [UInt8] {
    do throws(StreamIOError) {
      return try prefix(count, atLeast: count)
    } catch {
      throw InputError(name, .file(error))
    }
  }
}

extension LibvirtSaveHeader.Format {
  /// The compression of the stream; nil for one that is stored as it is.
  var compression: FileKind.Compression? {
    switch self {
    case .raw, .sparse: nil
    case .gzip: .gzip
    case .bzip2: .bzip2
    case .xz: .xz
    case .lzop: .lzop
    case .zstd: .zstd
    }
  }
}
