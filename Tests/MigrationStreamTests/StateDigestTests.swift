import ByteIO
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

  /// The stream of one chunk `hello` whose summary has this digest, as it is encoded.
  private func stream(digest: [UInt8]) throws -> [UInt8] {
    var builder = StreamBuilder()
    builder.pieces = [
      .init(device: 0, context: .init(phase: .stopCopy), bytes: [UInt8]("hello".utf8))
    ]
    var stream = MutableStream(try builder.encoded())
    stream.records[stream.index(of: .deviceSummary)].payload =
      [0x02, 1, 5, 0x04, 1, 1, 0x06, UInt8(digest.count)] + digest
    return stream.encoded()
  }

  /// Whether the only device's state was held against its summary, once all was decoded.
  private func isVerified(_ bytes: [UInt8]) throws -> Bool {
    var decoder = StreamDecoder()
    var input = bytes.span.raw
    while let record = try decoder.next(&input) {
      if case .chunk = record { _ = try decoder.chunkBytes() }
    }
    try decoder.finish()
    return decoder.isVerified(device: 0)
  }

  @Test func aSHA256IsHeldAgainstTheState() throws {
    let hash = SHA256.hash([UInt8]("hello".utf8))
    #expect(try isVerified(stream(digest: [2] + hash)))
    var wrong = hash
    wrong[31] ^= 1
    let error = #expect(throws: StreamError.self) { try isVerified(stream(digest: [2] + wrong)) }
    #expect(error?.code == .digestMismatch)
    #expect(error?.found == "sha-256:\(hex(hash))")
  }

  @Test func aDigestOfAnUnknownAlgorithmIsNotChecked() throws {
    for digest in [[77], [77, 1, 2], [0] + [UInt8](repeating: 1, count: 64)] as [[UInt8]] {
      #expect(try !isVerified(stream(digest: digest)))
    }
    for digest in [[], [1, 2, 3], [77] + [UInt8](repeating: 1, count: 65)] as [[UInt8]] {
      #expect(throws: StreamError.self) { try isVerified(stream(digest: digest)) }
    }
  }
}
