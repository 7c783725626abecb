import PCIConfig
import Testing

/// Sizes of BARs as people write them.
@Suite struct BARSizeTests {
  @Test(
    arguments: [("0=16KiB", 0, 16384), ("5=4", 5, 4), ("3=0", 3, 0)] as [(String, Int, UInt64)])
  func sizesAreRead(text: String, index: Int, byteCount: UInt64) throws {
    let size = try #require(BARSize(text))
    #expect(size.index == index)
    #expect(size.byteCount == byteCount)
  }

  @Test(arguments: ["", "0", "=4", "6=4", "-1=4", "0=", "0=4=4", "0=x"])
  func otherTextIsNone(text: String) {
    #expect(BARSize(text) == nil)
  }
}
