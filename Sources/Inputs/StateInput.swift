public import ByteIO
import MigrationStream
public import StateLayout
public import StreamIO

/// Device state to look into: a file of it, or a device of a stream (`F.dms#DEVICE`).
public struct StateInput {
  /// The bytes of the state.
  public let source: any StateInputSource
  /// The kernel driver that handed it out, if a stream says so.
  public let driver: String?

  /// Opens what `name` stands for; a pipe is copied into a file without a name.
  public init(_ name: String) throws(InputError) {
    guard let reference = DeviceReference(name) else {
      source = FileState(
        try InputError.reading(name) { () throws(StreamIOError) in
          try InputFile(path: name).seekable()
        })
      driver = nil
      return
    }
    let path = reference.path
    let state = try InputError.reading(path) { () throws(StreamIOError) in
      try ArchivedState(
        StreamArchive(try InputFile(path: path).seekable(), limits: .randomAccess))
    }
    let catalog = state.catalog
    let number = try reference.selector.number(
      among: catalog.devices.map(\.identity.name), in: path)
    if let defect = catalog.defect {
      throw InputError(path, .file(StreamIOError(path, .stream(defect))))
    }
    let device = catalog.devices[Int(number)]
    source = DeviceState(
      state: state, device: number, byteCount: device.state.byteCount)
    driver = device.identity.driver
  }

  /// What the state may be.
  public func detection() throws(StreamIOError) -> LayoutDetection {
    try Layout.detect(source, driver: driver)
  }
}

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

/// The state of a device of a stream.
public struct DeviceState: StateInputSource {
  private let state: ArchivedState
  private let device: UInt16
  public let byteCount: UInt64
  private let chunkLimit: UInt64?

  /// The state of `device`, of `byteCount` bytes. Reading is refused once `chunkLimit` chunks of
  /// the archive were decoded in all; nil sets no limit.
  public init(
    state: ArchivedState, device: UInt16, byteCount: UInt64, chunkLimit: UInt64? = nil
  ) {
    self.state = state
    self.device = device
    self.byteCount = byteCount
    self.chunkLimit = chunkLimit
  }

  public func read(
    at offset: UInt64, count: Int, into buffer: inout ByteBuffer
  ) throws(StreamIOError) {
    if let chunkLimit, state.decodedChunkCount >= chunkLimit {
      throw StreamIOError(state.archive.path, .content("expected to read less of the state"))
    }
    try state.read(device: device, at: offset, count: count, into: &buffer)
  }
}
