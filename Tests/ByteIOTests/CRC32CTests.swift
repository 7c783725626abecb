import ByteIO
import TestSupport
import Testing

@Suite struct CRC32CTests {
  private func bitwise(_ bytes: [UInt8]) -> UInt32 {
    var crc = ~UInt32(0)
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82f6_3b78 : crc >> 1 }
    }
    return ~crc
  }

  // The check value of the CRC catalogue, and the 32-byte patterns of RFC 3720 B.4.
  @Test(
    arguments: [
      ([UInt8]("123456789".utf8), 0xe306_9283),
      ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
      ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
      ([UInt8](0..<32), 0x46dd_794e),
      ([UInt8](), 0),
    ] as [([UInt8], UInt32)])
  func publishedValues(bytes: [UInt8], expected: UInt32) {
    #expect(CRC32C.checksum(of: bytes.span.raw) == expected)
  }

  // Lengths on both sides of every block boundary of the three-stream code.
  @Test(arguments: [1, 7, 8, 9, 767, 768, 769, 1543, 12287, 12288, 12289, 30000])
  func agreesWithTheDefinition(count: Int) {
    var random = SplitMix64(seed: UInt64(count))
    let bytes = random.bytes(count)
    #expect(CRC32C.checksum(of: bytes.span.raw) == bitwise(bytes))
    let cut = count / 3
    let head = CRC32C.checksum(of: bytes.span.raw.extracting(0..<cut))
    #expect(
      CRC32C.checksum(of: bytes.span.raw.extracting(cut..<count), continuing: head)
        == bitwise(bytes))
  }
}
