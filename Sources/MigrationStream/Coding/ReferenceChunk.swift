package import ByteIO
private import Synchronization

/// A chunk that later ones may refer to, for a reader: stored as it came, and decoded when one
/// does.
package final class ReferenceChunk: @unchecked Sendable {
  private let header: RecordHeader
  private let payloadOffset: UInt64
  private let lock = Mutex(())
  // Under the lock until it is decoded; then it stays as it is.
  private var isDecoded = false
  private var bytes = ByteBuffer()

  /// A copy of the chunk with this header, whose payload lies in `buffer` and begins at `offset` in
  /// the stream.
  package init(
    _ header: RecordHeader, in buffer: borrowing ByteBuffer, _ range: Range<Int>,
    at offset: UInt64
  ) {
    self.header = header
    payloadOffset = offset
    bytes.reserve(range.count)
    bytes.append(buffer, range)
  }

  /// Decodes the chunk, unless that was done before.
  func load(with decoder: inout ChunkDecoder) throws(StreamError) {
    let defect = lock.withLock { _ in decode(with: &decoder) }
    if let defect { throw defect }
  }

  private func decode(with decoder: inout ChunkDecoder) -> StreamError? {
    if isDecoded { return nil }
    do throws(StreamError) {
      try decoder.decode(header, in: bytes, 0..<bytes.count, at: payloadOffset)
    } catch {
      return error
    }
    if header.encoding == .raw {
      bytes.removeFirst(StateChunk.headByteCount)
    } else {
      bytes = decoder.copiedOutput()
    }
    isDecoded = true
    return nil
  }

  /// Runs `body` with the state bytes; only once they were loaded.
  func withBytes<Result>(_ body: (borrowing ByteBuffer) -> Result) -> Result { body(bytes) }
}
