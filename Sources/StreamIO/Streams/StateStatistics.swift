public import MigrationStream

/// How a device's state is divided and stored.
public struct StateStatistics: Sendable, Hashable {
  /// Chunks with something in common.
  public struct Share: Sendable, Hashable {
    /// The number of chunks.
    public var chunkCount: UInt64 = 0
    /// The state bytes of the chunks.
    public var byteCount: UInt64 = 0
    /// The coded bytes, without record headers and chunk heads.
    public var storedByteCount: UInt64 = 0

    static func + (left: Share, right: Share) -> Share {
      Share(
        chunkCount: left.chunkCount + right.chunkCount,
        byteCount: left.byteCount + right.byteCount,
        storedByteCount: left.storedByteCount + right.storedByteCount)
    }
  }

  // A row for each phase, a column for each encoding that four bits can name.
  private static let columnCount = 16
  private var shares = [Share](
    repeating: Share(), count: StateChunk.Phase.allCases.count * columnCount)
  /// The number of pre-copy rounds.
  public private(set) var iterationCount: UInt64 = 0

  /// No chunk.
  public init() {}

  private static func row(_ phase: StateChunk.Phase) -> Int { Int(phase.rawValue) - 1 }

  /// The chunks of a phase.
  public func share(of phase: StateChunk.Phase) -> Share {
    shares[Self.row(phase) * Self.columnCount..<(Self.row(phase) + 1) * Self.columnCount]
      .reduce(Share(), +)
  }

  /// The chunks with an encoding.
  public func share(of encoding: ChunkEncoding) -> Share {
    StateChunk.Phase.allCases.map {
      shares[Self.row($0) * Self.columnCount + Int(encoding.rawValue & 15)]
    }.reduce(Share(), +)
  }

  /// All chunks.
  public var total: Share { shares.reduce(Share(), +) }

  /// The number of all chunks.
  public var chunkCount: UInt64 { total.chunkCount }
  /// The state bytes of all chunks.
  public var byteCount: UInt64 { total.byteCount }
  /// The coded bytes of all chunks.
  public var storedByteCount: UInt64 { total.storedByteCount }
  /// The state bytes that were read while the device ran.
  public var preCopyByteCount: UInt64 { share(of: .preCopy).byteCount }

  /// Counts a chunk with its record header.
  public mutating func note(_ chunk: StateChunk, _ header: RecordHeader) {
    let cell =
      Self.row(chunk.context.phase) * Self.columnCount + Int(header.encoding.rawValue & 15)
    shares[cell].chunkCount += 1
    shares[cell].byteCount += UInt64(header.rawByteCount)
    shares[cell].storedByteCount +=
      UInt64(header.storedByteCount) - UInt64(StateChunk.headByteCount)
    if chunk.context.phase == .preCopy {
      iterationCount = max(iterationCount, UInt64(chunk.context.iteration) + 1)
    }
  }
}
