import ByteIO
import MigrationStream
import TestSupport
import Testing

/// Streams with good checksums that break a rule: each gives its own error.
@Suite struct HostileStreamTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let code: StreamError.Code
    let change: @Sendable (inout MutableStream) -> Void
    var keepsSequence = false

    var testDescription: String { name }

    init(
      _ name: String, _ code: StreamError.Code,
      _ change: @escaping @Sendable (inout MutableStream) -> Void
    ) {
      self.name = name
      self.code = code
      self.change = change
    }
  }

  /// Two devices, one record of each kind, three chunks of each encoding.
  static func stream() throws -> MutableStream {
    var builder = StreamBuilder()
    builder.indexThreshold = 0
    builder.devices = [.init(), .init()]
    builder.devices[1].configuration = ConfigurationRecord(physical: [1, 2, 3])
    builder.devices[1].pasids = PASIDTable(
      domains: [.init(id: 1)], bindings: [.init(pasid: 5, domain: 1)])
    var random = SplitMix64(seed: 1)
    builder.pieces = [
      .init(device: 0, context: .init(phase: .preCopy), bytes: random.bytes(100)),
      .init(device: 1, context: .init(phase: .preCopy), bytes: [UInt8](repeating: 7, count: 100)),
      .init(
        device: 1, context: .init(phase: .stopCopy),
        bytes: (0..<1000).map { UInt8(truncatingIfNeeded: $0 / 100) }),
    ]
    return MutableStream(try builder.encoded())
  }

  // Numbers of the records of `stream()`.
  static let information = 0, identity0 = 1, identity1 = 2, config = 3, pasids = 4
  static let rawChunk = 5, fillChunk = 6, zstdChunk = 7, summary0 = 8, end = 10, index = 11

  static let lengths: [UInt32] = [0, 1 << 31, .max]

  static let cases: [Case] = [
    Case("a newer major version", .unsupportedVersion) { $0.streamHeader[8] = 2 },
    Case("an unknown mandatory feature", .unsupportedFeature) { $0.streamHeader[13] = 1 },
    Case("one of two channels", .oneChannel) { $0.streamHeader[38] = 2 },
    Case("more than 16 channels", .unsupportedFeature) { $0.streamHeader[38] = 17 },
    Case("no channels", .unsupportedFeature) { $0.streamHeader[38] = 0 },
    Case("a channel behind the last", .unsupportedFeature) { $0.streamHeader[36] = 1 },
    Case("a chunk limit of 0", .limitExceeded) {
      $0.streamHeader.replaceSubrange(40..<44, with: [0, 0, 0, 0])
    },
    Case("a chunk limit of 2^32 - 1", .limitExceeded) {
      $0.streamHeader.replaceSubrange(40..<44, with: [255, 255, 255, 255])
    },
    Case("a metadata limit of 2^32 - 1", .limitExceeded) {
      $0.streamHeader.replaceSubrange(44..<48, with: [255, 255, 255, 255])
    },
    Case("an unknown mandatory record", .unknownMandatoryRecord) {
      $0.records[summary0].header[0] = 77
    },
    Case("a record of type 0", .malformedRecord) {
      $0.records[summary0].header[0] = 0
      $0.records[summary0].header[1] = 0
    },
    Case("an unknown record with an offset", .malformedRecord) {
      $0.records[summary0].header[0] = 77
      $0.records[summary0].header[1] = 0
      $0.records[summary0].set(1 as UInt64, at: 8)
    },
    Case("a metadata limit above the format's", .limitExceeded) {
      $0.streamHeader.replaceSubrange(44..<48, with: [1, 0, 0x40, 0])
    },
    Case("a number left out", .misplacedRecord) { $0.records.remove(at: fillChunk) }
      .keepingSequence,
    Case("no stream information", .misplacedRecord) { $0.records.remove(at: information) },
    Case("stream information twice", .misplacedRecord) {
      $0.records.insert($0.records[information], at: 1)
    },
    Case("a device twice", .misplacedRecord) { $0.records[identity1].set(0 as UInt16, at: 2) },
    Case("a device number left out", .misplacedRecord) {
      $0.records[identity1].set(2 as UInt16, at: 2)
    },
    Case("an identity after state", .misplacedRecord) {
      $0.records.insert($0.records.remove(at: identity1), at: fillChunk)
    },
    Case("two configuration spaces", .misplacedRecord) {
      $0.records.insert($0.records[config], at: config)
    },
    Case("a PASID table of another device", .misplacedRecord) {
      $0.records[pasids].set(0 as UInt16, at: 2)
    },
    Case("a chunk of no device", .misplacedRecord) {
      $0.records[rawChunk].set(0xffff as UInt16, at: 2)
    },
    Case("a chunk of device 2", .misplacedRecord) { $0.records[rawChunk].set(2 as UInt16, at: 2) },
    Case("a chunk from elsewhere", .discontinuousState) {
      $0.records[rawChunk].set(1 as UInt64, at: 8)
    },
    Case("a chunk from 2^64 - 1", .discontinuousState) {
      $0.records[rawChunk].set(UInt64.max, at: 8)
    },
    Case("a chunk left out", .discontinuousState) { $0.records.remove(at: fillChunk) },
    Case("pre-copy after stop-copy", .misplacedRecord) { stream in
      stream.records.swapAt(fillChunk, zstdChunk)
      stream.records[fillChunk].set(0 as UInt64, at: 8)
      stream.records[zstdChunk].set(1000 as UInt64, at: 8)
    },
    Case("an unknown phase", .malformedRecord) { $0.records[rawChunk].payload[0] = 3 },
    Case("an unknown encoding", .malformedRecord) { $0.records[rawChunk].header[1] = 0x83 },
    Case("metadata with an encoding", .malformedRecord) { $0.records[config].header[1] = 0x82 },
    Case("metadata with an offset", .malformedRecord) {
      $0.records[config].set(1 as UInt64, at: 8)
    },
    Case("a fill of no byte", .malformedRecord) { $0.records[fillChunk].payload.removeLast() },
    Case("a fill of two bytes", .malformedRecord) { $0.records[fillChunk].payload.append(7) },
    Case("raw state of another length", .malformedRecord) {
      $0.records[rawChunk].payload.removeLast()
    },
    Case("a chunk without bytes", .limitExceeded) {
      $0.records[fillChunk].set(0 as UInt32, at: 16)
    },
    Case("a frame of another size", .corruptChunk) {
      $0.records[zstdChunk].set(999 as UInt32, at: 16)
    },
    Case("a fill longer than the limit", .limitExceeded) {
      $0.records[fillChunk].set(65537 as UInt32, at: 16)
    },
    Case("a frame that is none", .corruptChunk) { $0.records[zstdChunk].payload[8] ^= 1 },
    Case("a frame with bytes behind it", .corruptChunk) { $0.records[zstdChunk].payload.append(0) },
    Case("a frame without checksum", .corruptChunk) { $0.records[zstdChunk].payload[12] &= ~4 },
    Case("a frame whose checksum is wrong", .corruptChunk) { stream in
      stream.records[zstdChunk].payload[stream.records[zstdChunk].payload.count - 1] ^= 1
    },
    Case("a field beyond its record", .malformedField) { $0.records[config].payload[1] = 200 },
    Case("a field length of 2^64 - 1", .malformedField) {
      $0.records[config].payload = [2, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]
    },
    Case("an overlong LEB128", .malformedField) {
      $0.records[config].payload = [0x82, 0, 3, 1, 2, 3]
    },
    Case("a field twice", .malformedField) {
      $0.records[config].payload += $0.records[config].payload
    },
    Case("an unknown mandatory field", .unknownMandatoryField) {
      $0.records[config].payload += [0x7f, 0]
    },
    Case("a configuration space of 0 bytes", .malformedField) {
      $0.records[config].payload = [2, 0]
    },
    Case("a binding without its domain", .malformedField) {
      $0.records[pasids].payload = [4, 6, 2, 1, 5, 4, 1, 1]
    },
    Case("a summary that counts otherwise", .totalsMismatch) {
      $0.records[summary0].payload[2] ^= 1
    },
    Case("a summary with another digest", .digestMismatch) {
      $0.records[summary0].payload[$0.records[summary0].payload.count - 1] ^= 1
    },
    Case("a summary twice", .misplacedRecord) {
      $0.records.insert($0.records[summary0], at: summary0)
    },
    Case("no summary", .misplacedRecord) { $0.records.remove(at: summary0) },
    Case("an end that counts otherwise", .totalsMismatch) { $0.records[end].payload[2] ^= 1 },
    Case("an index with another place", .indexMismatch) { $0.records[index].payload[3] ^= 1 },
    Case("an index with an entry less", .indexMismatch) { stream in
      stream.records[index].payload = [4, 96] + stream.records[index].payload[3..<99]
    },
    Case("an index that names one before it", .indexMismatch) { stream in
      stream.records[index].payload = [2, 1, 56] + stream.records[index].payload
    },
    Case("no index", .headerChecksum) { $0.records.remove(at: index) },
    Case("a footer with another index", .indexMismatch) { $0.footer[0] ^= 1 },
    Case("a footer of another stream", .indexMismatch) { $0.footer[8] ^= 1 },
  ]

  @Test(arguments: cases)
  func isRefused(_ item: Case) throws {
    var stream = try Self.stream()
    item.change(&stream)
    let error = #expect(throws: StreamError.self) {
      try DecodedStream(stream.encoded(keepsSequence: item.keepsSequence))
    }
    #expect(error?.code == item.code, "\(error.map { "\($0)" } ?? "")")
  }

  @Test(arguments: lengths, [rawChunk, fillChunk, zstdChunk, config, index])
  func lyingLengthsAreRefused(length: UInt32, record: Int) throws {
    for field in [16, 20] {
      var stream = try Self.stream()
      stream.fixesLengths = false
      stream.records[record].set(length, at: field)
      let error = #expect(throws: StreamError.self) { try DecodedStream(stream.encoded()) }
      let codes: [StreamError.Code] = [.limitExceeded, .malformedRecord]
      #expect(codes.contains(error?.code ?? .torn), "\(error.map { "\($0)" } ?? "")")
    }
  }

  @Test func aMinorVersionMayAddFieldsAndRecords() throws {
    var stream = try Self.stream()
    stream.streamHeader[10] = 9
    stream.streamHeader[16] = 0xff
    stream.records[Self.config].payload += [0x7e, 2, 1, 2, 0x7e, 1, 3]
    var unknown = stream.records[Self.config]
    unknown.header[0] = 99
    unknown.header[1] = 0
    stream.records.insert(unknown, at: Self.pasids)
    // The index is only good for the places that the records had.
    stream.records.removeLast()
    stream.records[Self.end + 1].payload.removeLast(3)
    stream.footer.replaceSubrange(0..<8, with: [UInt8](repeating: 0, count: 8))
    let decoded = try DecodedStream(stream.encoded())
    var configuration = ConfigurationRecord(physical: [1, 2, 3])
    configuration.unknownFields = [
      MetadataField(tag: 63, bytes: [1, 2]), MetadataField(tag: 63, bytes: [3]),
    ]
    #expect(decoded.records.contains(.configuration(configuration, device: 1)))
    #expect(
      decoded.records.contains(
        .optional(
          OptionalRecord(type: RecordType(rawValue: 99), device: 1, payload: unknown.payload))))
  }

  /// Fields cost more memory than their bytes in the stream.
  @Test func moreFieldsThanAnyTableHasAreRefused() throws {
    var stream = try Self.stream()
    let field: [UInt8] = [0x10, 0]
    let most = (1 << 17) - stream.records[Self.identity0].payload.count
    for (count, code) in [(most, nil), ((1 << 17) + 1, .unwilling)]
      as [(Int, StreamError.Code?)]
    {
      stream.records[Self.identity0].payload = [[UInt8]](repeating: field, count: count).flatMap(
        \.self)
      var found: StreamError.Code?
      do { _ = try DecodedStream(stream.encoded()) } catch { found = error.code }
      // The stream's index does not lie where its footer says any more; only the fields are of
      // interest.
      #expect((found == .unwilling) == (code == .unwilling), "\(count) fields")
    }
  }

  /// Reader and writer keep to the same number of devices.
  @Test func moreDevicesThanEveryReaderTakesAreNotWritten() throws {
    var encoder = try StreamEncoder(StreamBuilder().header)
    _ = try encoder.write(.information(StreamInformation()))
    let most = DecodingLimits.everyReadersDeviceCount
    for device in 0..<UInt16(most) {
      _ = try encoder.write(.identity(DeviceIdentity(), device: device))
    }
    var code: StreamError.Code?
    do {
      _ = try encoder.write(.identity(DeviceIdentity(), device: UInt16(most)))
    } catch {
      code = error.code
    }
    #expect(code == .unwilling)
    #expect(encoder.deviceCount == most)
  }

  @Test func aWriterRefusesWhatAReaderWould() throws {
    var encoder = try StreamEncoder(StreamBuilder().header)
    _ = try encoder.write(.information(StreamInformation()))
    let long = DeviceIdentity(name: String(repeating: "x", count: 1025))
    var code: StreamError.Code?
    do { _ = try encoder.write(.identity(long, device: 0)) } catch { code = error.code }
    #expect(code == .malformedField)
    // The call added nothing.
    _ = try encoder.write(.identity(DeviceIdentity(name: "x"), device: 0))
    #expect(encoder.deviceCount == 1)
  }

  @Test func aReaderWithLowerLimitsRefusesAtTheHeader() throws {
    let stream = try Self.stream().encoded()
    let limits = DecodingLimits(chunkByteCount: 65535, metadataByteCount: 1 << 20, deviceCount: 1)
    let error = #expect(throws: StreamError.self) { try DecodedStream(stream, limits: limits) }
    #expect(error?.code == .unwilling)
    #expect(error?.offset == 40)
  }
}

extension HostileStreamTests.Case {
  var keepingSequence: Self {
    var copy = self
    copy.keepsSequence = true
    return copy
  }
}
