import ByteIO
import MigrationStream
import TestSupport
import Testing

/// Small states that are coded with a dictionary of their driver's.
@Suite struct DictionaryTests {
  private func builder(_ state: [UInt8], driver: String, isUsed: Bool = true) -> StreamBuilder {
    var builder = StreamBuilder()
    builder.header = StreamHeader(
      uuid: StreamBuilder.uuid, limits: builder.header.limits,
      mandatoryFeatures: isUsed ? .dictionaries : [])
    builder.devices[0].identity = DeviceIdentity(driver: driver)
    builder.pieces = [.init(device: 0, context: .init(phase: .stopCopy), bytes: state)]
    return builder
  }

  /// The state that the kernel's mtty driver handed out, which no dictionary was trained on.
  private func serialState() throws -> [UInt8] { try Corpus.bytes("mtty/mtty2-5.state") }

  @Test func aKernelsStateIsCodedWithTheDictionaryOfItsDriver() throws {
    let state = try serialState()
    let bytes = try builder(state, driver: "mtty").encoded()
    let stream = try DecodedStream(bytes)
    #expect(stream.states == [0: state])
    guard case .identity(let identity, _) = stream.records[1] else {
      Issue.record("record 1 is no identity")
      return
    }
    let digest = try #require(StateDictionary.driver("mtty")?.digest)
    #expect(identity.dictionary == digest)
    let header = try StreamHeader(parsing: bytes.span.raw)
    #expect(header.version == .init(major: 1, minor: 1))
    let chunk = MutableStream(bytes).records[2]
    #expect(chunk.header[1] & 15 == ChunkEncoding.dictionary.rawValue)
    let plain = MutableStream(try builder(state, driver: "mtty", isUsed: false).encoded())
    #expect(chunk.payload.count * 10 < plain.records[2].payload.count * 8)
  }

  @Test func noFeatureNoDictionary() throws {
    let bytes = try builder(try serialState(), driver: "mtty", isUsed: false).encoded()
    let stream = try DecodedStream(bytes)
    guard case .identity(let identity, _) = stream.records[1] else {
      Issue.record("record 1 is no identity")
      return
    }
    #expect(identity.dictionary == nil)
    #expect(try StreamHeader(parsing: bytes.span.raw).version == .init(major: 1, minor: 0))
  }

  @Test func aModulesNameWithHyphensIsItsDrivers() throws {
    #expect(StateDictionary.driver("virtio-vfio-pci") == StateDictionary.driver("virtio_vfio_pci"))
    #expect(StateDictionary.driver("virtio-vfio-pci") != nil)
  }

  @Test func withoutTheFeatureSuchAChunkIsDamage() throws {
    var stream = MutableStream(try builder(try serialState(), driver: "mtty").encoded())
    stream.streamHeader.replaceSubrange(12..<16, with: [0, 0, 0, 0])
    let error = #expect(throws: StreamError.self) { try DecodedStream(stream.encoded()) }
    #expect(error?.code == .malformedRecord)
  }

  @Test func ofADriverWithoutOneNothingIsNamed() throws {
    let state = try serialState()
    let stream = try DecodedStream(try builder(state, driver: "nobody").encoded())
    #expect(stream.states == [0: state])
  }

  @Test(arguments: seeds(20))
  func whateverTheStateItComesBack(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let state = random.state(.random(in: 1...100_000, using: &random))
    for driver in Set(StateDictionary.shipped.map(\.driver)) {
      let stream = try DecodedStream(try builder(state, driver: driver).encoded())
      #expect(stream.states == [0: state])
    }
  }

  @Test func aDictionaryThatWasReplacedIsReadAndNotWritten() throws {
    let before = try DecodedStream(try Corpus.bytes("streams/dictionary-before.dms"))
    guard case .identity(let identity, _) = before.records[1], let old = identity.dictionary else {
      Issue.record("record 1 is no identity that names a dictionary")
      return
    }
    let state = try #require(before.states[0])
    #expect(state.count == 4096)
    #expect(StateDictionary.named(old)?.driver == "qat_vfio_pci")
    #expect(StateDictionary.driver("qat_vfio_pci")?.digest != old)
    let after = try DecodedStream(try builder(state, driver: "qat_vfio_pci").encoded())
    guard case .identity(let identity, _) = after.records[1] else {
      Issue.record("record 1 is no identity")
      return
    }
    #expect(identity.dictionary == StateDictionary.driver("qat_vfio_pci")?.digest)
    #expect(after.states == before.states)
  }

  @Test func aDictionaryThatIsNotHereIsNamedAndTheRestCanBeRead() throws {
    var stream = MutableStream(try builder(try serialState(), driver: "mtty").encoded())
    // The last byte of the digest, which the identity ends with.
    stream.records[1].payload[stream.records[1].payload.count - 1] ^= 1
    let bytes = stream.encoded()
    let error = #expect(throws: StreamError.self) { try DecodedStream(bytes) }
    #expect(error?.code == .missingDictionary)
    var decoder = StreamDecoder()
    var input = bytes.span.raw
    while try decoder.next(&input) != nil {}
    try decoder.finish()
  }

  @Test func aChunkWithADictionaryThatNoIdentityNamesIsRefused() throws {
    var stream = MutableStream(try builder(try serialState(), driver: "mtty").encoded())
    stream.records[1].payload = [0x04, 4] + Array("mtty".utf8)
    let error = #expect(throws: StreamError.self) { try DecodedStream(stream.encoded()) }
    #expect(error?.code == .malformedRecord)
  }
}
