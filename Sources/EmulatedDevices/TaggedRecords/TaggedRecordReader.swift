import ByteIO

/// Takes a stream of records apart, in pieces of any size, at the pace of the two drivers that have such records.
struct TaggedRecordReader {
  /// What comes next.
  enum Event {
    /// A header is complete.
    case header(TaggedRecord)
    /// So many bytes of the record's body are there.
    case body(Int)
    /// The body of a record is complete.
    case end(TaggedRecord)
  }

  private var head: [UInt8] = []
  /// The record under way, once its header is complete.
  private(set) var record: TaggedRecord?
  private var left: UInt64 = 0
  private var isBodyGiven = false

  /// The next event in `bytes` at `position`, which moves behind what it is about; nil at the end of `bytes`.
  ///
  /// A body of no bytes ends with the byte behind it: the drivers look at it no sooner.
  mutating func next(_ bytes: RawSpan, at position: inout Int) -> Event? {
    let available = bytes.byteCount - position
    guard let record else {
      guard available > 0 else { return nil }
      let part = min(TaggedRecord.headerByteCount - head.count, available)
      head += [UInt8](bytes.extracting(position..<position + part))
      position += part
      guard head.count == TaggedRecord.headerByteCount else { return nil }
      let header = head
      head = []
      let fields = header.span.raw
      let record = TaggedRecord(
        byteCount: fields.little(UInt64.self, at: 0), flags: fields.little(UInt32.self, at: 8),
        tag: fields.little(UInt32.self, at: 12))
      self.record = record
      left = record.byteCount
      return .header(record)
    }
    if left == 0, isBodyGiven || available > 0 {
      self.record = nil
      isBodyGiven = false
      return .end(record)
    }
    guard available > 0 else { return nil }
    let part = Int(min(left, UInt64(available)))
    position += part
    left -= UInt64(part)
    isBodyGiven = true
    return .body(part)
  }
}
