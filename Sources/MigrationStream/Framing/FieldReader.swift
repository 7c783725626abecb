import ByteIO

/// Reads the tag-length-value fields of a metadata payload, or of a field that holds fields, one
/// after the other: no more than the field at hand is copied.
///
/// A field is a key (LEB128: the tag shifted left by one, the lowest bit set if the field must be
/// understood), a length (LEB128) and that many bytes.
struct FieldReader: ~Escapable {
  struct Field {
    let tag: UInt32
    let isMandatory: Bool
    let bytes: [UInt8]
    /// The place of the value's first byte.
    let offset: UInt64
    let place: RecordLocation
  }

  /// The most fields of a sequence: what every reader takes, and no writer exceeds.
  private static let maximumCount = 1 << 17

  private var reader: ByteReader
  private let place: RecordLocation
  private let lastKnownTag: UInt32
  private let repeatable: Set<UInt32>
  private var seen: Set<UInt32> = []
  private var count = 0
  private var lastTag: UInt32?

  /// A reader of all of `bytes`; of the tags up to `lastKnownTag` those outside `repeatable` may
  /// come once.
  @_lifetime(copy bytes)
  init(
    _ bytes: RawSpan, at place: RecordLocation, lastKnownTag: UInt32,
    repeatable: Set<UInt32> = []
  ) {
    reader = ByteReader(bytes, baseOffset: place.payloadOffset)
    self.place = place
    self.lastKnownTag = lastKnownTag
    self.repeatable = repeatable
  }

  /// The next field; nil after the last one.
  @_lifetime(self: copy self)
  mutating func next() throws(StreamError) -> Field? {
    if reader.isAtEnd { return nil }
    guard count < Self.maximumCount else {
      throw place.error(
        .unwilling, at: reader.offset, expected: "at most \(Self.maximumCount) fields",
        found: "more")
    }
    count += 1
    do throws(ByteError) {
      let start = reader.offset
      let key = try reader.leb128()
      let length = try reader.leb128()
      guard let tag = UInt32(exactly: key >> 1), tag != 0 else {
        throw ByteError(.malformedInteger, at: start)
      }
      let offset = reader.offset
      let value = [UInt8](try reader.take(Int(clamping: length)))
      lastTag = tag
      if tag <= lastKnownTag, !repeatable.contains(tag), !seen.insert(tag).inserted {
        throw ByteError(.malformedInteger, at: start)
      }
      return Field(
        tag: tag, isMandatory: key & 1 == 1, bytes: value, offset: offset, place: place)
    } catch {
      throw Self.error(error, seen: lastTag, at: place)
    }
  }

  private static func error(
    _ error: ByteError, seen tag: UInt32?, at place: RecordLocation
  ) -> StreamError {
    let expected: String
    switch error.code {
    case .endOfInput(let needed, _): expected = "a field's \(needed) bytes within its record"
    case .malformedLEB128: expected = "a LEB128 integer in its shortest form"
    default: expected = "a field with a new, non-zero tag of 32 bits"
    }
    let found: String
    if case .endOfInput(_, let left) = error.code {
      found = "\(left) bytes left"
    } else {
      found = tag.map { "another after tag \($0)" } ?? "another"
    }
    return place.error(.malformedField, at: error.offset, expected: expected, found: found)
  }
}

extension FieldReader.Field {
  /// The error that this field does not hold what its tag says.
  func malformed(expected: String, found: String? = nil) -> StreamError {
    place.error(
      .malformedField, at: offset, expected: "\(expected) in field \(tag)",
      found: found ?? "\(bytes.count) bytes")
  }

  /// An unsigned integer of `T`'s width in its shortest little-endian form; zero has no bytes.
  func integer<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type) throws(StreamError) -> T {
    guard bytes.count <= MemoryLayout<T>.size, bytes.last != 0 else {
      throw malformed(
        expected: "an integer of at most \(MemoryLayout<T>.size) bytes without trailing zeros")
    }
    return bytes.reversed().reduce(0 as T) { $0 << 8 | T($1) }
  }

  /// UTF-8 text of at most 1024 bytes.
  func string() throws(StreamError) -> String {
    guard bytes.count <= 1024 else { throw malformed(expected: "text of at most 1024 bytes") }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw malformed(expected: "UTF-8 text")
    }
    return text
  }

  /// Bytes of a number in `range`.
  func bytes(count range: ClosedRange<Int>) throws(StreamError) -> [UInt8] {
    guard range.contains(bytes.count) else {
      throw malformed(expected: "\(range.lowerBound) to \(range.upperBound) bytes")
    }
    return bytes
  }

  /// Little-endian integers, one after the other, that fill the field.
  func fixed<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type, count: Int
  ) throws(StreamError) -> [T] {
    guard bytes.count == count * MemoryLayout<T>.size else {
      throw malformed(expected: "\(count * MemoryLayout<T>.size) bytes")
    }
    return (0..<count).map { bytes.span.raw.little(T.self, at: $0 * MemoryLayout<T>.size) }
  }

  /// The fields that this field holds, whose tags up to `lastKnownTag` may come once.
  @_lifetime(borrow self)
  func fields(lastKnownTag: UInt32) -> FieldReader {
    var place = place
    place.payloadOffset = offset
    return FieldReader(bytes.span.raw, at: place, lastKnownTag: lastKnownTag)
  }

  /// The field as one to keep, unless it must be understood.
  func unknown() throws(StreamError) -> MetadataField {
    guard !isMandatory else {
      throw place.error(
        .unknownMandatoryField, at: offset, expected: "fields of version 1.2",
        found: "field \(tag), which must be understood")
    }
    return MetadataField(tag: tag, bytes: bytes)
  }
}
