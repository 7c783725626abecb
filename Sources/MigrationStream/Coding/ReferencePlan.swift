import ByteIO

/// What was decided for a chunk before it is coded: whether it is kept, and what it is coded
/// against.
package struct ReferencePlan: Sendable {
  let dependency: StateChunk.Dependency
  /// The chunk that it is coded against.
  let reference: ReferenceBytes?
  /// What it is tried to be coded with.
  var dictionary: StateDictionary?

  /// Nothing: the chunk stands for itself.
  package static var none: ReferencePlan { ReferencePlan(dependency: .none, reference: nil) }
}

/// A chunk that `StreamEncoder.plan` took, and that is coded elsewhere before it comes into the
/// stream.
package struct PlannedChunk: Sendable {
  let device: UInt16
  let context: StateChunk.Context
  let plan: ReferencePlan
  // Where its state begins; nil where that of the chunk before it ended.
  let stateOffset: UInt64?
  // The number of chunks that were planned before.
  let number: UInt64
}

/// The state bytes of a chunk that later ones may refer to, for a writer; they do not change.
final class ReferenceBytes: Sendable {
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
