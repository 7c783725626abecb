/// A cursor over bytes that it does not own: every load is checked, every error carries its offset.
public struct ByteReader: ~Escapable {
  /// All bytes that the reader was given, those already read included.
  public let bytes: RawSpan
  /// Where `bytes` begins in whatever they were taken from; added to the offset of every error.
  public let baseOffset: UInt64
  /// The index of the next byte in `bytes`.
  public var position: Int { index }
  @usableFromInline var index: Int

  /// A reader before the first of `bytes`.
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan, baseOffset: UInt64 = 0) {
    self.bytes = bytes
    self.baseOffset = baseOffset
    self.index = 0
  }

  /// The number of bytes not read yet.
  @inlinable
  public var remaining: Int { bytes.byteCount &- index }

  /// Whether every byte was read.
  public var isAtEnd: Bool { remaining == 0 }

  /// The offset of the next byte, counted from `baseOffset`.
  @inlinable
  public var offset: UInt64 { baseOffset &+ UInt64(index) }

  @inlinable @inline(__always)
  mutating func advance(by count: Int) throws(ByteError) -> Int {
    guard count >= 0, count <= remaining else {
      throw ByteError(.endOfInput(needed: count, left: remaining), at: offset)
    }
    let start = index
    index &+= count
    return start
  }

  @inlinable @inline(__always)
  mutating func load<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type
  ) throws(ByteError) -> T {
    let start = try advance(by: MemoryLayout<T>.size)
    // SAFETY: every bit pattern is a value of a fixed-width integer, and the range was checked.
    return unsafe bytes.unsafeLoadUnaligned(fromByteOffset: start, as: T.self)
  }

  /// Reads an integer stored with its lowest byte first.
  @inlinable @inline(__always)
  @_lifetime(self: copy self)
  public mutating func little<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type
  ) throws(ByteError) -> T {
    T(littleEndian: try load(type))
  }

  /// Reads an integer stored with its highest byte first.
  @inlinable @inline(__always)
  @_lifetime(self: copy self)
  public mutating func big<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type
  ) throws(ByteError) -> T {
    T(bigEndian: try load(type))
  }

  /// Takes the next `count` bytes without copying them.
  @_lifetime(copy self)
  public mutating func take(_ count: Int) throws(ByteError) -> RawSpan {
    let start = try advance(by: count)
    return bytes.extracting(start..<start &+ count)
  }

  /// Passes over `count` bytes.
  @_lifetime(self: copy self)
  public mutating func skip(_ count: Int) throws(ByteError) {
    _ = try advance(by: count)
  }

  /// Reads an unsigned LEB128 integer of at most 64 bits; longer forms than necessary are refused,
  /// so that a value has one encoding.
  @_lifetime(self: copy self)
  public mutating func leb128() throws(ByteError) -> UInt64 {
    let start = offset
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = try little(UInt8.self)
      let bits = UInt64(byte & 0x7f)
      guard shift < 63 || (shift == 63 && bits <= 1), shift == 0 || byte != 0 else {
        throw ByteError(.malformedLEB128, at: start)
      }
      value |= bits << shift
      if byte & 0x80 == 0 { return value }
      shift &+= 7
    }
  }
}
