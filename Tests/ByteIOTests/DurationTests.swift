import ByteIO
import Testing

/// Times as people write them.
@Suite struct DurationTests {
  @Test(
    arguments: [
      ("0s", .zero), ("850us", .microseconds(850)), ("300ms", .milliseconds(300)),
      ("2s", .seconds(2)), ("1.5min", .seconds(90)), (".5ms", .microseconds(500)),
    ] as [(String, Duration)])
  func timesAreRead(text: String, duration: Duration) {
    #expect(Duration(parsing: text) == duration)
  }

  @Test(arguments: ["", "s", "1", "1h", "-1s", "1.2.3s", "1 s", "1000000000s", "1e3s", "infs"])
  func otherTextIsNone(text: String) {
    #expect(Duration(parsing: text) == nil)
  }
}
