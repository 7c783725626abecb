import ByteIO

/// The state bytes of a chunk that later ones may refer to, for a writer; they do not change.
final class KeptState: Sendable {
  let sequence: UInt32
  /// What `BlockSamples` found in the chunk.
  let samples: [UInt64]
  private let bytes: ByteBuffer

  init(_ span: RawSpan, sequence: UInt32, samples: [UInt64]) {
    self.sequence = sequence
    self.samples = samples
    var bytes = ByteBuffer(capacity: span.byteCount)
    bytes.append(span)
    self.bytes = bytes
  }

  /// Runs `body` with the bytes.
  func withBytes<Result>(_ body: (borrowing ByteBuffer) -> Result) -> Result { body(bytes) }
}
