import ByteIO
public import MigrationStream

/// Everything that a decoder says about a stream.
public struct Reading: Hashable {
  /// The most state bytes that are decoded of one input; after them, chunks are passed over.
  public static let stateByteLimit = 32 << 20

  public private(set) var records: [Record] = []
  /// Of the state bytes of each chunk that was decoded.
  public private(set) var checksums: [UInt32] = []
  public private(set) var failure: StreamError?
  public private(set) var isContentComplete = false

  /// Whether the stream was accepted to its footer, with every chunk decoded.
  public var isWhole: Bool {
    failure == nil && checksums.count == chunks.count
  }

  /// The chunks of a device that were decoded, with the checksums of their state bytes.
  public func chunks(of device: UInt16) -> [(chunk: StateChunk, checksum: UInt32)] {
    zip(chunks, checksums).filter { $0.0.device == device }.map { ($0.0, $0.1) }
  }

  /// Every chunk that came.
  public var chunks: [StateChunk] {
    records.compactMap { if case .chunk(let chunk) = $0 { chunk } else { nil } }
  }

  /// Reads `stream` in pieces whose sizes `step` gives; `throughFill` lets the decoder ask for
  /// them.
  public init(_ stream: [UInt8], throughFill: Bool = false, step: () -> Int = { .max }) {
    var decoder = StreamDecoder()
    do throws(StreamError) {
      if throughFill {
        try fill(&decoder, stream, step)
      } else {
        try push(&decoder, stream, step)
      }
      try decoder.finish()
    } catch {
      failure = error
    }
    isContentComplete = decoder.isContentComplete
  }

  private mutating func push(
    _ decoder: inout StreamDecoder, _ stream: [UInt8], _ step: () -> Int
  ) throws(StreamError) {
    var start = 0
    while start < stream.count {
      let end = start + min(step(), stream.count - start)
      var input = stream.span.raw.extracting(start..<end)
      while let record = try decoder.next(&input) { try take(record, &decoder) }
      require(input.byteCount == 0, "the decoder took all of its input")
      start = end
    }
  }

  private mutating func fill(
    _ decoder: inout StreamDecoder, _ stream: [UInt8], _ step: () -> Int
  ) throws(StreamError) {
    var start = 0
    while start < stream.count {
      let count = decoder.fill { room in
        let count = min(step(), room.byteCount, stream.count - start)
        for index in 0..<count {
          room.storeBytes(of: stream[start + index], toByteOffset: index, as: UInt8.self)
        }
        return count
      }
      require(count > 0, "the decoder has no room for what it wants")
      start += count
      while let record = try decoder.next() { try take(record, &decoder) }
    }
  }

  private mutating func take(
    _ record: Record, _ decoder: inout StreamDecoder
  ) throws(StreamError) {
    records.append(record)
    guard case .chunk(let chunk) = record else { return }
    stateByteCount += Int(chunk.byteCount)
    guard stateByteCount <= Self.stateByteLimit else { return }
    let bytes = try decoder.chunkBytes()
    require(bytes.byteCount == Int(chunk.byteCount), "a chunk has its announced length")
    checksums.append(CRC32C.checksum(of: bytes))
  }

  private var stateByteCount = 0
}
