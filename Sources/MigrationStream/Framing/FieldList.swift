import ByteIO

/// The tag-length-value fields of a metadata payload, or of a field that holds fields.
///
/// A field is a key (LEB128: the tag shifted left by one, the lowest bit set if the field must be
/// understood), a length (LEB128) and that many bytes.
struct FieldList {
  struct Field {
    let tag: UInt32
    let isMandatory: Bool
    let bytes: [UInt8]
    /// The place of the value's first byte.
    let offset: UInt64
    let place: RecordLocation
  }

  /// The most fields of a sequence that this reader takes: more than any table that fits into a
  /// record of 1 MiB has, and few enough that what is made of them stays small.
  private static let maximumCount = 1 << 17

  let fields: [Field]

  /// Reads all of `bytes`; of the tags up to `lastKnownTag` those outside `repeatable` may come
  /// once.
  init(
    parsing bytes: RawSpan, at place: RecordLocation, lastKnownTag: UInt32,
    repeatable: Set<UInt32> = []
  ) throws(StreamError) {
    var reader = ByteReader(bytes, baseOffset: place.payloadOffset)
    var fields: [Field] = []
    var seen: Set<UInt32> = []
    while !reader.isAtEnd {
      guard fields.count < Self.maximumCount else {
        throw place.error(
          .limitExceeded, at: reader.offset, expected: "at most \(Self.maximumCount) fields",
          found: "more")
      }
      do throws(ByteError) {
        let start = reader.offset
        let key = try reader.leb128()
        let length = try reader.leb128()
        guard let tag = UInt32(exactly: key >> 1), tag != 0 else {
          throw ByteError(.malformedInteger, at: start)
        }
        let offset = reader.offset
        let value = try reader.take(Int(clamping: length))
        fields.append(
          Field(
            tag: tag, isMandatory: key & 1 == 1, bytes: [UInt8](value), offset: offset,
            place: place))
        if tag <= lastKnownTag, !repeatable.contains(tag), !seen.insert(tag).inserted {
          throw ByteError(.malformedInteger, at: start)
        }
      } catch {
        throw Self.error(error, seen: fields.last?.tag, at: place)
      }
    }
    self.fields = fields
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

extension FieldList.Field {
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
  func fields(lastKnownTag: UInt32) throws(StreamError) -> FieldList {
    var place = place
    place.payloadOffset = offset
    return try FieldList(parsing: bytes.span.raw, at: place, lastKnownTag: lastKnownTag)
  }

  /// The field as one to keep, unless it must be understood.
  func unknown() throws(StreamError) -> MetadataField {
    guard !isMandatory else {
      throw place.error(
        .unknownMandatoryField, at: offset, expected: "fields of version 1.1",
        found: "field \(tag), which must be understood")
    }
    return MetadataField(tag: tag, bytes: bytes)
  }
}

/// A field of a metadata record that this module does not know, kept so that a copy of the stream
/// has it too.
public struct MetadataField: Sendable, Hashable {
  /// The number that says which field it is.
  public let tag: UInt32
  /// The field's value as it came.
  public let bytes: [UInt8]

  /// A field that is kept without being understood.
  public init(tag: UInt32, bytes: [UInt8]) {
    self.tag = tag
    self.bytes = bytes
  }
}
