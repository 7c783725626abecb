import ByteIO
import TestSupport
import Testing

@Suite struct PathBytesTests {
  @Test(
    arguments: [
      ([], ""), (Array("a/é€😀".utf8), "a/é€😀"), ([0x61, 0xff, 0x62], "a\u{10ffff}b"),
      ([0xe2, 0x82], "\u{10ffe2}\u{10ff82}"),
      ([0xed, 0xa0, 0x80], "\u{10ffed}\u{10ffa0}\u{10ff80}"),
      // What stands for a byte is itself told byte by byte.
      (Array("\u{10ff41}".utf8), "\u{10fff4}\u{10ff8f}\u{10ffbd}\u{10ff81}"),
    ] as [([UInt8], String)])
  func bytesHaveAText(bytes: [UInt8], text: String) {
    #expect(PathBytes(bytes).text == text)
    #expect(PathBytes(text: text).bytes == bytes)
  }

  /// Whatever the bytes are, their text stands for them and for no others.
  @Test(arguments: seeds(4)) func theTextIsTheBytes(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let pieces = ["a", "/", "é", "\u{10ff00}", "\u{10ffff}"].map { Array($0.utf8) }
    for _ in 0..<2000 {
      var bytes: [UInt8] = []
      for _ in 0..<random.next() % 12 {
        bytes +=
          random.next() % 2 == 0
          ? [UInt8(truncatingIfNeeded: random.next())]
          : pieces.randomElement(using: &random) ?? []
      }
      let path = PathBytes(bytes)
      #expect(PathBytes(text: path.text) == path)
      #expect(path.withCString { unsafe PathBytes(cString: $0) }.bytes == bytes.prefix { $0 != 0 })
    }
  }
}
