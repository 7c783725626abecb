import PCIConfig
import Testing

/// Addresses of functions as people and the kernel write them.
@Suite struct PCIAddressTests {
  @Test(
    arguments: [
      ("3b:00.1", "0000:3b:00.1"), ("0000:3b:1f.7", "0000:3b:1f.7"),
      ("FFFF:fF:00.0", "ffff:ff:00.0"), ("10000:01:00.0", "10000:01:00.0"),
      ("ffffffff:01:00.0", "ffffffff:01:00.0"),
    ])
  func addressesAreRead(text: String, description: String) {
    #expect(PCIAddress(text)?.description == description)
  }

  @Test(
    arguments: [
      "", ".", ":", "3b:00", "3b:00.", "3b:00.8", "3b:20.0", "3b:00.10", "b:00.0", "3b:0.0",
      "3b.00.1", "3b:00:1", ":3b:00.1", "000:3b:00.1", "000000000:3b:00.1", "0000.3b:00.1",
      "0000:0000:3b:00.1", "3g:00.1", "+b:00.1", " 3b:00.1", "3b:00.1 ", "3b:00.\u{661}",
      "3b\u{301}:00.1",
    ])
  func otherTextIsNone(text: String) {
    #expect(PCIAddress(text) == nil)
  }
}
