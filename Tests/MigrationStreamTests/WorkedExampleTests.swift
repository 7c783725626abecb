import ByteIO
import MigrationStream
import TestSupport
import Testing

/// The example in Format.md, which readers in other languages are written from.
@Suite struct WorkedExampleTests {
  /// The bytes between "```hex" and "```": an offset, two blanks, up to 16 bytes, and what they
  /// mean.
  static func documentedBytes() throws -> [UInt8] {
    let text = String(
      decoding: try Corpus.contents(
        Corpus.root + "/Sources/MigrationStream/MigrationStream.docc/Format.md"), as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex(of: "```hex"))
    return lines[(start + 1)...].prefix { $0 != "```" }.flatMap { line in
      line.dropFirst(6).prefix(48).split(separator: " ").compactMap { UInt8($0, radix: 16) }
    }
  }

  static func builder() throws -> StreamBuilder {
    var builder = StreamBuilder()
    builder.compression = .raw
    builder.indexThreshold = 0
    builder.header = StreamHeader(
      uuid: try #require(StreamUUID("00112233-4455-6677-8899-aabbccddeeff")))
    builder.information = StreamInformation(producer: "example 1", time: 1_700_000_000)
    builder.devices[0].identity = DeviceIdentity(
      driver: "mtty", pci: .init(vendorID: 0x4348, deviceID: 0x3253))
    builder.pieces = [
      .init(
        device: 0,
        context: .init(phase: .preCopy, flags: [.initialData, .lastOfInitialData]),
        bytes: [UInt8]("hello".utf8)),
      .init(
        device: 0, context: .init(phase: .stopCopy), bytes: [UInt8](repeating: 0, count: 72)),
    ]
    return builder
  }

  @Test func encoderMakesTheDocumentedBytes() throws {
    #expect(try Self.builder().encoded() == Self.documentedBytes())
  }

  @Test func decoderReadsTheDocumentedBytes() throws {
    let decoded = try DecodedStream(Self.documentedBytes())
    #expect(decoded.states == [0: [UInt8]("hello".utf8) + [UInt8](repeating: 0, count: 72)])
    #expect(
      decoded.records.contains(
        .end(
          StreamTotals(deviceCount: 1, chunkCount: 2, stateByteCount: 77, isIndexed: true))))
  }
}
