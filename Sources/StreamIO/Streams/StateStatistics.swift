public import MigrationStream

/// How a device's state is divided and stored.
public struct StateStatistics: Sendable, Hashable {
  /// Chunks with something in common.
  public struct Share: Sendable, Hashable {
    public var chunkCount: UInt64 = 0
    public var byteCount: UInt64 = 0
    /// The coded bytes, without record headers and chunk heads.
    public var storedByteCount: UInt64 = 0

    mutating func note(_ header: RecordHeader) {
      chunkCount += 1
      byteCount += UInt64(header.rawByteCount)
      storedByteCount += UInt64(header.storedByteCount) - UInt64(StateChunk.headByteCount)
    }
  }

  public private(set) var phases: [StateChunk.Phase: Share] = [:]
  public private(set) var encodings: [ChunkEncoding: Share] = [:]
  /// The number of pre-copy rounds.
  public private(set) var iterationCount: UInt64 = 0

  public init() {}

  public var chunkCount: UInt64 { phases.values.reduce(0) { $0 + $1.chunkCount } }
  public var byteCount: UInt64 { phases.values.reduce(0) { $0 + $1.byteCount } }
  public var storedByteCount: UInt64 { phases.values.reduce(0) { $0 + $1.storedByteCount } }
  public var preCopyByteCount: UInt64 { phases[.preCopy]?.byteCount ?? 0 }

  /// Counts a chunk with its record header.
  public mutating func note(_ chunk: StateChunk, _ header: RecordHeader) {
    phases[chunk.context.phase, default: Share()].note(header)
    encodings[header.encoding, default: Share()].note(header)
    if chunk.context.phase == .preCopy {
      iterationCount = max(iterationCount, UInt64(chunk.context.iteration) + 1)
    }
  }
}
