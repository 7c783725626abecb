import ByteIO

/// The header of a record as mlx5 and virtio frame their state: size, flags and tag, 16 bytes,
/// little-endian (`struct mlx5_vf_migration_header`, drivers/vfio/pci/mlx5/cmd.h; `struct
/// virtiovf_migration_header`, drivers/vfio/pci/virtio/common.h).
struct TaggedRecord: Sendable, Hashable {
  static let headerByteCount = 16
  /// `…_MIGF_HEADER_FLAGS_TAG_OPTIONAL`: who does not know the tag passes over the record.
  static let optional: UInt32 = 1
  /// `MAX_LOAD_SIZE` of both drivers.
  static let byteCountLimit: UInt64 = 0xffff_ffff

  var byteCount: UInt64
  var flags: UInt32
  var tag: UInt32

  var isOptional: Bool { flags & Self.optional != 0 }

  var header: [UInt8] {
    var writer = ByteWriter(reserving: Self.headerByteCount)
    writer.little(byteCount)
    writer.little(flags)
    writer.little(tag)
    return writer.bytes
  }
}

/// Takes a stream of records apart, in pieces of any size, as the two drivers with such records do.
struct TaggedRecordReader {
  /// The next step in a stream of records.
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

  /// The next event in `bytes` at `position`, which moves behind it; nil at the end of `bytes`.
  ///
  /// An empty body ends with the byte behind it: the drivers look at it no sooner.
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
