/// Bytes under construction, integers in either order.
public struct ByteWriter: Sendable {
  @usableFromInline var storage: [UInt8]

  /// The bytes written so far.
  public var bytes: [UInt8] { storage }

  /// An empty writer with room for `capacity` bytes.
  public init(reserving capacity: Int = 0) {
    storage = []
    storage.reserveCapacity(capacity)
  }

  /// The number of bytes written so far.
  public var count: Int { storage.count }

  /// Empties the writer and keeps its memory.
  public mutating func removeAll() {
    storage.removeAll(keepingCapacity: true)
  }

  /// Appends an integer with its lowest byte first.
  @inlinable
  public mutating func little<T: FixedWidthInteger>(_ value: T) {
    for shift in stride(from: 0, to: T.bitWidth, by: 8) {
      storage.append(UInt8(truncatingIfNeeded: value >> T(shift)))
    }
  }

  /// Appends an integer with its highest byte first.
  @inlinable
  public mutating func big<T: FixedWidthInteger>(_ value: T) {
    for shift in stride(from: T.bitWidth - 8, through: 0, by: -8) {
      storage.append(UInt8(truncatingIfNeeded: value >> T(shift)))
    }
  }

  /// Appends an unsigned LEB128 integer in its shortest form.
  public mutating func leb128(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      storage.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    storage.append(UInt8(truncatingIfNeeded: rest))
  }

  /// Appends `other` as it is.
  public mutating func append(_ other: [UInt8]) {
    storage.append(contentsOf: other)
  }

  /// Appends the bytes of `span` as they are.
  public mutating func append(_ span: RawSpan) {
    // SAFETY: the pointer is used inside the closure only.
    unsafe span.withUnsafeBytes { unsafe storage.append(contentsOf: $0) }
  }
}
