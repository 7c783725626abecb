import ByteIO
import MigrationStream

/// A record that was read ahead of whoever takes it; a chunk's state is decoded by a thread
/// meanwhile.
struct DecodingSlot: ~Copyable, Sendable {
  /// What was read: a record, the end of the stream, or why there is neither.
  var content: Result<Record?, StreamIOError> = .success(nil)
  var record = StoredRecord()
}

extension WorkRing<DecodingSlot> {
  /// A ring whose threads decode chunks.
  convenience init(decodingWith threadCount: ThreadCount) {
    self.init(
      threadCount: threadCount, makeSlot: { DecodingSlot() },
      makeWorker: {
        let decoder = ThreadDecoder()
        return { slot in slot.record.decode(with: &decoder.decoder) }
      })
  }
}

/// A thread's decoder, in a place that a closure can keep.
private final class ThreadDecoder {
  var decoder = ChunkDecoder()
}
