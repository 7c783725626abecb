import Reports
import Testing

@Suite struct TextTests {
  @Test(
    arguments: [
      (0, "0 bytes"), (1, "1 byte"), (1023, "1023 bytes"), (1024, "1 KiB"), (1536, "1.50 KiB"),
      (10 << 10, "10 KiB"), (660_184, "644.7 KiB"), (3 << 40, "3 TiB"),
      (UInt64.max, "16384 PiB"),
    ] as [(UInt64, String)])
  func bytesHaveAUnit(count: UInt64, text: String) {
    #expect(QuantityText.bytes(count) == text)
  }

  @Test(
    arguments: [
      (.zero, "0 us"), (.microseconds(999), "999 us"), (.milliseconds(1), "1.0 ms"),
      (.microseconds(12_345), "12.3 ms"), (.seconds(1), "1.00 s"), (.seconds(119), "119.00 s"),
      (.seconds(120), "2.0 min"),
    ] as [(Duration, String)])
  func durationsHaveAUnit(duration: Duration, text: String) {
    #expect(QuantityText.duration(duration) == text)
  }

  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00Z"), (951_782_399, "2000-02-28T23:59:59Z"),
      (951_782_400, "2000-02-29T00:00:00Z"), (951_868_800, "2000-03-01T00:00:00Z"),
      (1_709_251_199, "2024-02-29T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
      (253_402_300_799, "9999-12-31T23:59:59Z"), (UInt64.max, "9999-12-31T23:59:59Z"),
    ] as [(UInt64, String)])
  func timesAreOfTheGregorianCalendar(seconds: UInt64, text: String) {
    #expect(QuantityText.time(seconds) == text)
  }

  @Test func countsAndRatios() {
    #expect(QuantityText.count(1, "chunk") == "1 chunk")
    #expect(QuantityText.count(0, "chunk") == "0 chunks")
    #expect(QuantityText.ratio(224, 100) == "2.24:1" && QuantityText.ratio(1, 0) == "-")
    #expect(QuantityText.seconds(nanoseconds: 12_000_345_678) == "12.000345")
  }

  @Test func aTerminalObeysNothing() {
    #expect(TerminalText.text("a\u{1b}[2J\n\u{202e}é") == "a\\u{1b}[2J\\u{a}\\u{202e}é")
    #expect(TerminalText.lines("a\n\u{9b}b\n") == "a\n\\u{9b}b\n")
  }
}
