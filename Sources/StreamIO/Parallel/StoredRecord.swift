import ByteIO
import MigrationStream

/// A record as it was read, and a chunk's state once it was decoded, in memory that is used again.
struct StoredRecord: ~Copyable {
  var header: RecordHeader?
  /// Where the record begins in the stream, and where it ends.
  var range: Range<UInt64> = 0..<0
  /// What the stored payload is read into, and where in that it is.
  var buffer = ByteBuffer()
  var payloadRange = 0..<0
  /// What the chunk is coded against.
  var basis: ChunkBasis<KeptChunk>?
  /// Whether the chunk was decoded, with `defect` if it is not good.
  private(set) var isDecoded = false
  private(set) var defect: StreamError?
  private var state = ByteBuffer()

  /// Prepares for the next record.
  mutating func clear() {
    header = nil
    range = 0..<0
    payloadRange = 0..<0
    basis = nil
    isDecoded = false
    defect = nil
  }

  /// Where the record is, for the errors about it.
  var place: RecordPlace {
    RecordPlace(
      payloadOffset: range.lowerBound + UInt64(RecordHeader.byteCount),
      record: header?.sequence ?? 0, device: header?.deviceNumber)
  }

  var payload: RawSpan {
    @_lifetime(borrow self)
    get { buffer.bytes.extracting(payloadRange) }
  }

  /// A copy of the chunk for those that refer to it; the record must have a header.
  func kept() -> KeptChunk {
    guard let header else { preconditionFailure("only a record that was read is kept") }
    return KeptChunk(
      header, in: buffer, payloadRange, at: range.lowerBound + UInt64(RecordHeader.byteCount))
  }

  /// Whether a chunk takes longer to decode than to give to another thread.
  var isWorthHandingOver: Bool {
    guard let header, header.type == .stateChunk, header.encoding != .raw else { return false }
    return header.rawByteCount >= 1 << 14
  }

  /// Decodes the chunk, unless that was done before.
  mutating func decode(with decoder: inout ChunkDecoder) {
    guard let header, header.type == .stateChunk, !isDecoded else { return }
    let offset = range.lowerBound + UInt64(RecordHeader.byteCount)
    isDecoded = true
    do throws(StreamError) {
      try decoder.decode(header, in: buffer, payloadRange, after: basis, at: offset)
      decoder.exchangeOutput(&state)
    } catch {
      defect = error
    }
  }

  /// The state bytes of the chunk, once it was decoded and is good; else none.
  var stateBytes: RawSpan {
    @_lifetime(borrow self)
    get {
      guard let header, isDecoded, defect == nil else { return RawSpan() }
      if header.encoding == .raw {
        return buffer.bytes.extracting(payloadRange.dropFirst(StateChunk.headByteCount))
      }
      return state.bytes
    }
  }

  /// Takes the state bytes of the chunk into its device's digest.
  func digest(into digests: inout StateDigests) {
    guard let header else { return }
    digests.update(stateBytes, of: header.device)
  }
}
