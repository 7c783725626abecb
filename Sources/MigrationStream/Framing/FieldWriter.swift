import ByteIO

/// Builds the tag-length-value fields of a metadata payload.
///
/// Every field that version 1.0 defines is written as one that may be skipped: what a reader cannot
/// do without is decided by the record that holds it.
struct FieldWriter {
  private(set) var bytes: [UInt8] = []

  mutating func bytes(_ tag: UInt32, _ value: [UInt8]) {
    var head = ByteWriter()
    head.leb128(UInt64(tag) << 1)
    head.leb128(UInt64(value.count))
    bytes += head.bytes
    bytes += value
  }

  mutating func integer<T: FixedWidthInteger & UnsignedInteger>(_ tag: UInt32, _ value: T) {
    var rest = UInt64(value)
    var digits: [UInt8] = []
    while rest != 0 {
      digits.append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
    bytes(tag, digits)
  }

  mutating func string(_ tag: UInt32, _ value: String) {
    bytes(tag, [UInt8](value.utf8))
  }

  mutating func fixed<T: FixedWidthInteger>(_ tag: UInt32, _ values: T...) {
    var writer = ByteWriter()
    for value in values { writer.little(value) }
    bytes(tag, writer.bytes)
  }

  mutating func fields(_ tag: UInt32, _ build: (inout FieldWriter) -> Void) {
    var inner = FieldWriter()
    build(&inner)
    bytes(tag, inner.bytes)
  }

  mutating func unknown(_ fields: UnknownFields) { bytes += fields.bytes }
}
