import ByteIO
public import MigrationStream

/// The records of an archive from its start to its end, as a source: only the chunks that somebody
/// wants are read.
public struct ArchivedRecords: RecordSource, ~Copyable {
  private let state: ArchivedState
  private var cursor: RecordCursor
  private var current: ScannedRecord?
  private var bytes: [UInt8] = []

  /// The records of the archive that `state` has; throws nothing before they are read.
  public init(_ state: ArchivedState) {
    self.state = state
    cursor = RecordCursor(in: state.archive)
  }

  public mutating func next() throws(StreamIOError) -> Record? {
    current = try cursor.next(in: state.archive)
    switch current?.content {
    case .metadata(let record): return record
    case .chunk(let chunk): return .chunk(chunk)
    case nil: return nil
    }
  }

  @_lifetime(&self)
  public mutating func chunkBytes() throws(StreamIOError) -> RawSpan {
    bytes = []
    if let current, case .chunk(let chunk) = current.content {
      bytes = try state.archive.bytes(of: chunk, current)
    }
    return bytes.span.raw
  }
}
