import ByteIO
public import MigrationStream
public import StreamIO

/// What access at any place says of a stream in memory.
public struct ArchiveReading {
  public private(set) var origin = StreamCatalog.Origin.scan
  public private(set) var catalog: StreamCatalog?
  /// By device, the chunks that were read, with the checksums of their state bytes.
  public private(set) var chunks: [[(chunk: StateChunk, checksum: UInt32)]] = []
  /// What is wrong: of the walk first, then of the chunks of each device.
  public private(set) var defects: [StreamError] = []
  /// The chunks of which a single one was asked for, and what came.
  public private(set) var singles: [(chunk: StateChunk, found: StateChunk?, checksum: UInt32)] = []

  /// Walks `stream`, reads its chunks device by device, and then some of them alone.
  public init(_ stream: [UInt8]) {
    do throws(StreamIOError) {
      let archive = try StreamArchive(MemoryInput(stream))
      origin = archive.origin
      let state = try ArchivedState(archive)
      catalog = state.catalog
      if let defect = state.catalog.defect { defects.append(defect) }
      for device in state.catalog.devices.indices { read(UInt16(device), of: state) }
      guard defects.isEmpty else { return }
      for (chunk, _) in chunks.joined().prefix(16) {
        let found = try state.archive.chunk(
          of: chunk.device, containing: chunk.stateOffset + UInt64(chunk.byteCount) / 2)
        let bytes = found?.bytes ?? []
        singles.append((chunk, found?.chunk, CRC32C.checksum(of: bytes.span.raw)))
      }
    } catch {
      defects.append(error.streamError)
    }
  }

  private mutating func read(_ device: UInt16, of state: ArchivedState) {
    chunks.append([])
    do throws(StreamIOError) {
      try state.forEachChunk(of: device) { (chunk, bytes) throws(StreamIOError) in
        chunks[Int(device)].append((chunk, CRC32C.checksum(of: bytes.span.raw)))
      }
      if state.catalog.defect == nil { try state.verify(device: device) }
    } catch {
      defects.append(error.streamError)
    }
  }
}

extension StreamIOError {
  /// What is wrong with the stream; memory has no other faults.
  public var streamError: StreamError {
    if case .stream(let error) = cause { return error }
    require(false, "memory fails: \(self)")
    preconditionFailure("require does not return")
  }
}

extension StreamError {
  /// Whether two readers say the same of the same damage, in whatever words.
  public func isSame(as other: StreamError) -> Bool {
    code == other.code && offset == other.offset && record == other.record
      && device == other.device
  }
}
