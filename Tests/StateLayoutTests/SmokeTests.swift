import StateLayout
import TestSupport
import Testing

@Suite struct SmokeTests {
  @Test func shipped() throws {
    for layout in Layout.shipped { print(layout.name, layout.title) }
    for name in ["mtty1-1", "mtty1-3", "mtty2-5"] {
      let bytes = try Corpus.bytes("mtty/\(name).state")
      let tree = try #require(Layout.named("mtty")).dissect(bytes)
      print(tree.findings, tree.isSound)
      #expect(try tree.encodedBytes() == bytes)
      let d = Layout.detect(prefix: bytes, byteCount: UInt64(bytes.count))
      print(d.best?.layout.name as Any, d.best?.reason as Any)
    }
  }
}
