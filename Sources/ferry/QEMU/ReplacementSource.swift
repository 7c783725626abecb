import ByteIO
import MigrationStream
import QEMUStream
import StreamIO

/// A device of a `.dms` stream that shall stand in a QEMU stream.
struct ReplacementSource {
  let path: String
  let preCopyByteCount: UInt64
  let stopCopyByteCount: UInt64
  let introduction: DeviceIntroduction
  /// Where in the file the device's records begin.
  let recordOffsets: [RecordType: UInt64]
  /// How a QEMU stream divided the state, where it came from one.
  let framing: QEMUFraming?
  /// The state from its start.
  let state: State

  /// Reads what `IN.dms` or `IN.dms#DEVICE` says of the device, but for its state.
  init(_ name: String) throws {
    let parts = name.lastIndex(of: "#")
    path = parts.map { String(name[..<$0]) } ?? name
    let archive = try StreamArchive(
      try InputFile(path: path).seekable(), limits: .randomAccess)
    let catalog = try archive.catalog()
    if let defect = catalog.defect { throw StreamIOError(path, .stream(defect)) }
    let names = catalog.devices.map(\.identity.name)
    let number: UInt16
    if let parts, let selector = DeviceSelector(argument: String(name[name.index(after: parts)...]))
    {
      number = try selector.number(among: names, in: path)
    } else {
      guard names.count == 1 else {
        throw CommandError.no(
          "\(path): expected one device, found \(names.count); name one as \(path)#DEVICE")
      }
      number = 0
    }
    recordOffsets = catalog.devices[Int(number)].recordOffsets
    let statistics = catalog.devices[Int(number)].state
    preCopyByteCount = statistics.share(of: .preCopy).byteCount
    stopCopyByteCount = statistics.share(of: .stopCopy).byteCount
    (introduction, framing) = try Self.records(of: number, in: archive)
    state = State(archive.reader(), of: number)
  }

  private static func records(
    of number: UInt16, in archive: borrowing StreamArchive
  ) throws -> (DeviceIntroduction, QEMUFraming?) {
    var introduction = DeviceIntroduction(number: number)
    var cursor = RecordCursor(in: archive)
    var framing = QEMUFraming()
    var isFramingGood = true
    while let record = try cursor.next(in: archive) {
      guard case .metadata(let value) = record.content else { continue }
      if case .optional(let value) = value, value.type == .qemuFraming {
        guard value.device == number else { continue }
        isFramingGood = isFramingGood && framing.append(payload: value.payload)
      } else {
        _ = introduction.add(value)
      }
    }
    return (introduction, isFramingGood && !framing.bytes.isEmpty ? framing : nil)
  }

  /// A device's state, in order, in pieces of any size.
  final class State {
    private var reader: StreamReader
    private let number: UInt16
    private var chunk: [UInt8] = []
    private var position = 0

    fileprivate init(_ reader: consuming StreamReader, of number: UInt16) {
      self.reader = reader
      self.number = number
    }

    /// Gives the next `count` bytes to `write`.
    func copy(_ count: UInt64, to write: (RawSpan) throws -> Void) throws {
      var left = count
      while left > 0 {
        if position == chunk.count { try readChunk() }
        let chunk = chunk
        let part = Int(min(left, UInt64(chunk.count - position)))
        try write(chunk.span.raw.extracting(position..<position + part))
        position += part
        left -= UInt64(part)
      }
    }

    /// Reads the rest of the stream, and with it what tells that the state was good.
    func finish() throws {
      while try reader.next() != nil {}
    }

    private func readChunk() throws {
      while let record = try reader.next() {
        guard case .chunk(let value) = record, value.device == number else { continue }
        chunk = try Self.bytes(of: &reader)
        position = 0
        return
      }
      throw StreamIOError(reader.path, .content("expected more state, found the end"))
    }

    // What a reader lends cannot leave a class's property.
    private static func bytes(of reader: inout StreamReader) throws(StreamIOError) -> [UInt8] {
      [UInt8](try reader.chunkBytes())
    }
  }
}
