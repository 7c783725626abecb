/// What calls are made of.
struct Input {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var hasMore: Bool { position < bytes.count }

  /// The next byte; 0 behind the last.
  mutating func byte() -> UInt8 {
    guard hasMore else { return 0 }
    position += 1
    return bytes[position - 1]
  }

  /// A number below `limit`.
  mutating func number(below limit: Int) -> Int { Int(byte()) % limit }

  /// 32 bits, most often small ones.
  mutating func word() -> UInt32 {
    let first = byte()
    guard first >= 0xf0 else { return UInt32(first) * 4 + UInt32(byte() & 3) }
    return (0..<4).reduce(0) { word, _ in word << 8 | UInt32(byte()) }
  }

  /// Up to 255 bytes.
  mutating func some() -> [UInt8] {
    let count = min(Int(byte()), bytes.count - position)
    position += count
    return [UInt8](bytes[position - count..<position])
  }
}
