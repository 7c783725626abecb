import MigrationStream
import StreamIO
import Testing

/// Codings as people write them.
@Suite struct CodingPolicyTests {
  @Test(
    arguments: [
      ("raw", .fixed(.raw)), ("zstd", .fixed(.standard)), ("zstd:19", .fixed(.zstd(level: 19))),
      ("zstd:-100", .fixed(.zstd(level: -100))), ("auto", .adaptive),
    ] as [(String, CodingPolicy)])
  func codingsAreRead(text: String, policy: CodingPolicy) {
    #expect(CodingPolicy(text) == policy)
  }

  @Test(arguments: ["", "lz4", "raw:1", "zstd:", "zstd:0", "zstd:23", "zstd:-101", "auto:auto"])
  func otherTextIsNone(text: String) {
    #expect(CodingPolicy(text) == nil)
  }
}
