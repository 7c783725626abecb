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

  @Test(
    arguments: [
      (0, 0), (1, 64 << 20), (64 << 20, 64 << 20), ((64 << 20) + 1, 0), (.max, 0),
    ] as [(UInt64, UInt64)])
  func aWindowHoldsAllThatIsSentAgainOrThereIsNone(count: UInt64, window: UInt64) {
    #expect(CodingPolicy.fixed(.standard).windowByteCount(stateSentAgain: count) == window)
    #expect(CodingPolicy.adaptive.windowByteCount(stateSentAgain: count) == window)
    #expect(CodingPolicy.fixed(.raw).windowByteCount(stateSentAgain: count) == 0)
  }
}
