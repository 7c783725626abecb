import ByteIO
import MigrationStream
import TestSupport
import Testing

/// Accidents: streams that are cut or in which bits change.
@Suite struct DamageTests {
  static func stream() throws -> [UInt8] {
    var builder = try WorkedExampleTests.builder()
    builder.compression = .zstd(level: 1)
    builder.devices[0].configuration = ConfigurationRecord(physical: [1, 2, 3])
    builder.devices[0].pasids = PASIDTable(
      domains: [.init(id: 1)], bindings: [.init(pasid: 5, domain: 1)])
    builder.pieces.append(
      .init(
        device: 0, context: .init(phase: .stopCopy, flags: .lastOfIteration),
        bytes: (0..<300).map { UInt8(truncatingIfNeeded: $0 / 30) }))
    return try builder.encoded()
  }

  @Test func everyTruncationIsTorn() throws {
    let stream = try Self.stream()
    for count in 0..<stream.count {
      let error = #expect(throws: StreamError.self) {
        try DecodedStream([UInt8](stream[..<count]))
      }
      #expect(error?.code == (count == 0 ? .notAStream : .torn), "\(count) bytes")
      #expect(error?.offset == UInt64(count))
    }
  }

  @Test func everyFlippedBitIsFound() throws {
    let stream = try Self.stream()
    for bit in 0..<stream.count * 8 {
      var damaged = stream
      damaged[bit / 8] ^= 1 << (bit % 8)
      let error = #expect(throws: StreamError.self, "bit \(bit)") { try DecodedStream(damaged) }
      // Never behind the damage: all before it was given out as good.
      #expect((error?.offset ?? 0) <= UInt64(bit / 8), "bit \(bit)")
    }
  }

  @Test func bytesAfterTheFooterAreRefused() throws {
    let stream = try Self.stream()
    let error = #expect(throws: StreamError.self) { try DecodedStream(stream + [0]) }
    #expect(error?.code == .trailingData)
    #expect(error?.offset == UInt64(stream.count))
  }

  @Test func theErrorNamesRecordAndDevice() throws {
    var stream = MutableStream(try Self.stream())
    let chunk = stream.index(of: .stateChunk)
    stream.records[chunk].payload[9] ^= 1
    var bytes = stream.streamHeader
    for record in stream.records { bytes += record.header + record.payload }
    bytes += stream.footer
    let error = #expect(throws: StreamError.self) { try DecodedStream(bytes) }
    #expect(error?.code == .payloadChecksum)
    #expect(error?.record == UInt32(chunk))
    #expect(error?.device == 0)
  }

  @Test func afterAnErrorTheStreamIsOver() throws {
    var bytes = try Self.stream()
    bytes[60] ^= 1
    var decoder = StreamDecoder()
    var input = bytes.span.raw
    var errors: [StreamError] = []
    for _ in 0..<3 {
      do { while try decoder.next(&input) != nil {} } catch { errors.append(error) }
    }
    #expect(errors.count == 3 && Set(errors).count == 1)
  }
}
