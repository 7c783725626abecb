import ByteIO

/// The fields of a message on their way out: a tag and a value each, in any order.
struct FieldWriter {
  private var writer = ByteWriter()

  var bytes: [UInt8] { writer.bytes }

  init() {}

  /// The fields of a message of the type `type`.
  init(message type: UInt16) {
    writer.little(type)
    writer.little(0 as UInt16)
  }

  mutating func add(_ tag: UInt16, _ value: [UInt8]) {
    writer.little(tag)
    writer.little(0 as UInt16)
    writer.little(UInt32(value.count))
    writer.append(value)
  }

  mutating func add(_ tag: UInt16, _ text: String) { add(tag, Array(text.utf8)) }

  mutating func add<T: FixedWidthInteger>(_ tag: UInt16, _ number: T) {
    var value = ByteWriter()
    value.little(number)
    add(tag, value.bytes)
  }
}

/// The fields of a message that came, one after the other.
struct FieldReader {
  /// One field.
  struct Field {
    let tag: UInt16
    let value: [UInt8]

    /// Whether a reader that does not know the field must refuse the message.
    var isMandatory: Bool { tag & 0x8000 != 0 }

    func text() throws(HandoverError.Cause) -> String {
      guard let text = String(validating: value, as: UTF8.self) else {
        throw .malformed("field \(tag): expected UTF-8")
      }
      // A peer's words stand in one line, so that they cannot look like others'.
      return text.contains(where: \.isNewline)
        ? String(text.map { $0.isNewline ? " " : $0 }) : text
    }

    func integer<T: FixedWidthInteger>(_ type: T.Type) throws(HandoverError.Cause) -> T {
      guard value.count == T.bitWidth / 8 else {
        throw .malformed("field \(tag): expected \(T.bitWidth / 8) bytes, found \(value.count)")
      }
      return value.reversed().reduce(0) { $0 << 8 | T(truncatingIfNeeded: $1) }
    }

    func bool() throws(HandoverError.Cause) -> Bool { try integer(UInt8.self) != 0 }

    /// A field that a reader of this version does not know.
    func passOver() throws(HandoverError.Cause) {
      if isMandatory { throw .malformed("field \(tag): it is mandatory, and not known here") }
    }
  }

  private var bytes: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

  private init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  private mutating func take(_ count: Int) throws(HandoverError.Cause) -> ArraySlice<UInt8> {
    guard count <= bytes.count else {
      throw .malformed("expected \(count) bytes of a message, found \(bytes.count)")
    }
    defer { bytes = bytes.dropFirst(count) }
    return bytes.prefix(count)
  }

  private static func integer(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// The type of the message, which stands before its fields.
  mutating func type() throws(HandoverError.Cause) -> UInt16 {
    UInt16(truncatingIfNeeded: Self.integer(try take(4)) & 0xffff)
  }

  /// The next field; nil behind the last.
  mutating func next() throws(HandoverError.Cause) -> Field? {
    guard !bytes.isEmpty else { return nil }
    let tag = UInt16(truncatingIfNeeded: Self.integer(try take(4)) & 0xffff)
    let count = Self.integer(try take(4))
    return Field(tag: tag, value: Array(try take(count)))
  }
}
