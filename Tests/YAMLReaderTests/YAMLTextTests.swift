import TestSupport
import Testing
import YAMLReader

@Suite struct YAMLTextTests {
  @Test(arguments: [
    ("mtty", "mtty"), ("Two words-1.0_b", "Two words-1.0_b"), ("", #""""#), ("1.0", #""1.0""#),
    ("off", #""off""#), ("trailing ", #""trailing ""#), ("a: b", #""a: b""#),
    ("q\"\\\u{1b}\n", #""q\"\\\u001b\n""#),
  ])
  func aScalarIsQuotedIfItCouldBeReadAsSomethingElse(text: String, expected: String) {
    #expect(YAMLText.scalar(text) == expected)
  }

  @Test(arguments: seeds(200))
  func aScalarReadsBackAsTheSameText(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0..<12, using: &random) {
      let bound: UInt32 = [0x80, 0x100, 0x3000, 0x11_0000].randomElement(using: &random) ?? 0x80
      if let scalar = Unicode.Scalar(UInt32.random(in: 0..<bound, using: &random)) {
        text.append(scalar)
      }
    }
    let line = "key: \(YAMLText.scalar(String(text)))\n"
    let read = try YAMLNode(parsing: [UInt8](line.utf8)).fields(["key"]).required("key").string()
    #expect(read.unicodeScalars.elementsEqual(text), "\(line)")
  }
}
