import ByteIO
public import MigrationStream

/// Everything that a decoder gives for a stream, with the state bytes put together.
public struct DecodedStream: Sendable, Hashable {
  public var records: [Record] = []
  /// By device number.
  public var states: [UInt16: [UInt8]] = [:]
  public var isContentComplete = false

  /// Feeds `bytes` in steps whose sizes `step` gives, decoding every chunk.
  public init(
    _ bytes: [UInt8], limits: DecodingLimits = .standard,
    step: () -> Int = { .max }
  ) throws(StreamError) {
    var decoder = StreamDecoder(limits: limits)
    var start = 0
    while start < bytes.count {
      let count = min(max(step(), 1), bytes.count - start)
      var input = bytes.span.raw.extracting(start..<start + count)
      while let record = try decoder.next(&input) {
        records.append(record)
        if case .chunk(let chunk) = record {
          states[chunk.device, default: []] += [UInt8](try decoder.chunkBytes())
        }
      }
      start += count
    }
    isContentComplete = decoder.isContentComplete
    try decoder.finish()
  }
}
