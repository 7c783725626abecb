import ByteIO
import MigrationStream
import StateLayout
import StreamIO

/// Device state to look into: a file of it, or a device of a stream (`F.dms#DEVICE`).
struct StateInput {
  let source: any StateInputSource
  /// The kernel driver that handed it out, where a stream says so.
  let driver: String?

  init(_ name: String) throws {
    guard let hash = name.lastIndex(of: "#"),
      let selector = DeviceSelector(argument: String(name[name.index(after: hash)...]))
    else {
      source = FileState(try InputFile(path: name).seekable())
      driver = nil
      return
    }
    let path = String(name[..<hash])
    let state = try ArchivedState(
      StreamArchive(try InputFile(path: path).seekable(), limits: .randomAccess))
    let catalog = state.catalog
    let number = try selector.number(among: catalog.devices.map(\.identity.name), in: path)
    if let defect = catalog.defect { throw StreamIOError(path, .stream(defect)) }
    let device = catalog.devices[Int(number)]
    source = DeviceState(
      state: state, device: number, byteCount: device.state.byteCount)
    driver = device.identity.driver
  }

  var byteCount: UInt64 { source.byteCount }

  /// What the state may be.
  func detection() throws -> LayoutDetection {
    try Layout.detect(source, driver: driver)
  }
}

/// A source of device state that is a file.
protocol StateInputSource: StateSource where Failure == StreamIOError {}

/// The content of a file.
final class FileState: StateInputSource {
  private let file: InputFile
  let byteCount: UInt64

  init(_ file: consuming InputFile) {
    byteCount = file.byteCount ?? 0
    self.file = file
  }

  func read(
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

/// The state of a device of a stream.
struct DeviceState: StateInputSource {
  let state: ArchivedState
  let device: UInt16
  let byteCount: UInt64
  /// The number of chunks that may be decoded for it; nil for any.
  var chunkLimit: UInt64?

  func read(
    at offset: UInt64, count: Int, into buffer: inout ByteBuffer
  ) throws(StreamIOError) {
    if let chunkLimit, state.decodedChunkCount >= chunkLimit {
      throw StreamIOError(state.archive.path, .content("expected to read less of the state"))
    }
    try state.read(device: device, at: offset, count: count, into: &buffer)
  }
}
