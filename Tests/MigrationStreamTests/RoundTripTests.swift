import ByteIO
import MigrationStream
import TestSupport
import Testing

@Suite struct RoundTripTests {
  @Test func smallestStream() throws {
    var builder = StreamBuilder()
    builder.devices = []
    let stream = try builder.encoded()
    let decoded = try DecodedStream(stream)
    #expect(decoded.isContentComplete)
    #expect(decoded.states.isEmpty)
  }

  @Test(arguments: seeds(64))
  func stateAndRecordsComeBack(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var builder = StreamBuilder.random(using: &random)
    builder.compression = [.raw, .zstd(level: 1), .zstd(level: -5)].randomElement(using: &random)!
    let stream = try builder.encoded(step: Int.random(in: 1...200_000, using: &random))
    let decoded = try DecodedStream(stream) { Int.random(in: 1...70_000, using: &random) }
    for device in 0..<UInt16(builder.devices.count) {
      let pieces = builder.pieces.filter { $0.device == device }
      #expect(decoded.states[device, default: []] == pieces.flatMap(\.bytes))
    }
    let unknown = decoded.records.compactMap { record -> OptionalRecord? in
      if case .optional(let value) = record { value } else { nil }
    }
    #expect(unknown == builder.unknown)
  }
}
