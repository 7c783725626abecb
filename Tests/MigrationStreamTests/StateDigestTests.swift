import MigrationStream
import TestSupport
import Testing

@Suite struct StateDigestTests {
  private func digest(of bytes: [UInt8], step: Int = .max) throws -> String? {
    var builder = StreamBuilder()
    builder.pieces = [.init(device: 0, context: .init(phase: .stopCopy), bytes: bytes)]
    for case .summary(let summary, _) in try DecodedStream(builder.encoded(step: step)).records {
      return summary.digest.map { "\($0)" }
    }
    return nil
  }

  // Values of xxhsum -H2 (xxHash 0.8.1).
  @Test(arguments: [
    ([], "99aa06d3014798d86001c324468d497f"),
    ([UInt8]("hello".utf8), "b5e9c1ad071b3e7fc779cfaa5e523818"),
  ])
  func publishedValues(bytes: [UInt8], expected: String) throws {
    #expect(try digest(of: bytes) == "xxh3-128:\(expected)")
  }

  @Test(arguments: [1, 63, 64, 241, 1000, 70_000])
  func chunkingDoesNotCount(step: Int) throws {
    var random = SplitMix64(seed: UInt64(step))
    let bytes = random.bytes(200_000)
    #expect(try digest(of: bytes, step: step) == digest(of: bytes))
  }
}
