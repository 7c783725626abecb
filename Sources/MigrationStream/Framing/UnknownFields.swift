import ByteIO

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

/// Fields that this module does not know, in their order.
///
/// They are held as they are encoded: however many there are, they take no more memory than their
/// bytes in the stream.
public struct UnknownFields: Sendable, Hashable {
  /// The encoded fields, one after the other.
  private(set) var bytes: [UInt8] = []

  /// No field.
  public init() {}

  /// Whether there is no field.
  public var isEmpty: Bool { bytes.isEmpty }

  /// The number of fields, which takes going through them.
  public var count: Int { reduce(0) { count, _ in count + 1 } }

  /// Adds a field behind the others.
  public mutating func append(_ field: MetadataField) {
    var writer = FieldWriter()
    writer.bytes(field.tag, field.bytes)
    bytes += writer.bytes
  }
}

extension UnknownFields: ExpressibleByArrayLiteral {
  public init(arrayLiteral fields: MetadataField...) {
    for field in fields { append(field) }
  }
}

extension UnknownFields: Sequence {
  /// Takes the fields apart, one at a time.
  public struct Iterator: IteratorProtocol {
    fileprivate var rest: ArraySlice<UInt8>

    public mutating func next() -> MetadataField? {
      guard !rest.isEmpty else { return nil }
      let tag = number() >> 1
      let count = Int(number())
      defer { rest = rest.dropFirst(count) }
      return MetadataField(tag: UInt32(tag), bytes: [UInt8](rest.prefix(count)))
    }

    private mutating func number() -> UInt64 {
      var value: UInt64 = 0
      var shift: UInt64 = 0
      while let byte = rest.popFirst() {
        value |= UInt64(byte & 0x7f) << shift
        shift += 7
        if byte < 0x80 { break }
      }
      return value
    }
  }

  public func makeIterator() -> Iterator { Iterator(rest: bytes[...]) }
}
