import ByteIO
import CChecksum
import TestSupport
import Testing

@Suite struct SHA256Tests {
  // FIPS 180-4's examples, and lengths around the padding's edges against a digest of digests.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      String(repeating: "a", count: 1000),
      "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"
    ),
  ])
  func knownMessagesHaveTheirHash(message: String, digits: String) {
    #expect(hex(SHA256.hash([UInt8](message.utf8))) == digits)
  }

  @Test func aMillionBytesHaveTheirHash() {
    #expect(
      hex(SHA256.hash([UInt8](repeating: 0x61, count: 1_000_000)))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test(arguments: seeds(16)) func piecesDoNotCount(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let message = random.bytes(.random(in: 0...1000, using: &random))
    var hash = SHA256()
    var rest = message[...]
    while !rest.isEmpty {
      let piece = rest.prefix(.random(in: 0...200, using: &random))
      hash.update([UInt8](piece).span.raw)
      rest = rest.dropFirst(piece.count)
    }
    #expect(hash.value == SHA256.hash(message))
    // The value of what came so far changes nothing.
    #expect(hash.value == SHA256.hash(message))
  }

  @Test func theProcessorsInstructionsAgreeWithThePortableCode() {
    var random = SplitMix64(seed: 1)
    let blocks = random.bytes(64 * 100)
    for count in [0, 1, 2, 100] {
      var states: [[UInt32]] = [Array(1...8), Array(1...8)]
      blocks.withUnsafeBytes { bytes in
        cchecksum_sha256(&states[0], bytes.baseAddress, count)
        cchecksum_sha256_portable(&states[1], bytes.baseAddress, count)
      }
      #expect(states[0] == states[1])
      #expect((states[0] == Array(1...8)) == (count == 0))
    }
  }
}

@Suite struct ByteCountTests {
  @Test(
    arguments: [
      ("0", 0), ("4096", 4096), ("4096B", 4096), ("64KiB", 65536), ("1k", 1024), ("1M", 1 << 20),
      ("3GiB", 3 << 30), ("15TiB", 15 << 40),
    ] as [(String, UInt64)])
  func sizesAreRead(text: String, count: UInt64) {
    #expect(UInt64(byteCount: text) == count)
  }

  @Test(arguments: ["", "KiB", "1MB", "1 KiB", "-1", "1.5M", "18446744073709551616", "16777216TiB"])
  func otherTextIsNone(text: String) {
    #expect(UInt64(byteCount: text) == nil)
  }

  @Test(
    arguments: [0, 1, 1023, 1024, 1536, 1 << 20, (1 << 20) + 1024, 5 << 30, UInt64.max] as [UInt64])
  func theTextOfASizeIsReadBack(count: UInt64) {
    #expect(UInt64(byteCount: count.byteCountText) == count)
  }
}

@Suite struct IDPairTests {
  @Test(arguments: [(0, 0), (0x8086, 0x1521), (0xffff, 1)] as [(UInt16, UInt16)])
  func thePrintedPairIsReadBack(vendor: UInt16, device: UInt16) throws {
    let text = idPair(vendor, device)
    #expect(text.count == 9)
    let pair = try #require(idPair(parsing: text))
    #expect(pair == (vendor, device))
  }

  @Test(arguments: ["", "8086", "8086:", ":1", "8086:15210", "8086:+1", "8086:1:2", "x:1"])
  func otherTextIsNone(text: String) {
    #expect(idPair(parsing: text) == nil)
  }
}
