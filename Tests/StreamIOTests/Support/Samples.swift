import ByteIO
import MigrationStream
import StreamIO
import TestSupport

/// Streams that several suites look at.
enum Samples {
  /// Three devices, records of every kind, chunks of every encoding in any order; about two KiB.
  static func small(indexed: Bool, compression: Compression = .zstd(level: 1)) -> StreamBuilder {
    var random = SplitMix64(seed: 2)
    var builder = StreamBuilder()
    builder.compression = compression
    builder.indexThreshold = indexed ? 0 : .max
    builder.devices = [.init(), .init(), .init()]
    builder.devices[0].identity = DeviceIdentity(
      name: "first", driver: "mtty", pci: .init(vendorID: 0x4348, deviceID: 0x3253))
    builder.devices[0].configuration = ConfigurationRecord(physical: random.bytes(64))
    builder.devices[1].identity = DeviceIdentity(name: "second")
    builder.devices[1].interrupts = InterruptState(assertedPins: 1)
    builder.devices[1].pasids = PASIDTable(
      domains: [.init(id: 1)], bindings: [.init(pasid: 5, domain: 1)])
    builder.unknown = [
      OptionalRecord(type: RecordType(rawValue: 77), device: 1, payload: [1, 2, 3])
    ]
    let preCopy = StateChunk.Context(phase: .preCopy, flags: .lastOfIteration)
    let stopCopy = StateChunk.Context(phase: .stopCopy)
    let table = (0..<400).map { UInt8(truncatingIfNeeded: $0 / 40) }
    builder.pieces = [
      .init(device: 0, context: preCopy, bytes: random.bytes(60)),
      .init(device: 1, context: preCopy, bytes: [UInt8](repeating: 7, count: 100)),
      .init(device: 0, context: stopCopy, bytes: table),
      .init(device: 1, context: stopCopy, bytes: random.bytes(50)),
      .init(device: 2, context: stopCopy, bytes: [UInt8](repeating: 0, count: 30)),
      .init(device: 0, context: stopCopy, bytes: table.reversed()),
      .init(device: 1, context: stopCopy, bytes: [UInt8](repeating: 9, count: 41)),
      .init(device: 0, context: stopCopy, bytes: random.bytes(33)),
    ]
    // Two chunks of one device in a row would be joined; here no two are.
    return builder
  }

  /// The state of each device of `builder`.
  static func states(of builder: StreamBuilder) -> [[UInt8]] {
    builder.devices.indices.map { number in
      builder.pieces.filter { Int($0.device) == number }.flatMap(\.bytes)
    }
  }
}

extension StreamHeader {
  /// 64 KiB chunks, and metadata records that hold at most 1024 index entries, so that tests need
  /// not many chunks for many blocks.
  static var smallBlocks: StreamHeader {
    StreamHeader(
      uuid: StreamBuilder.uuid,
      limits: StreamLimits(
        chunkByteCount: 64 << 10, metadataByteCount: UInt32(1024 * IndexEntry.byteCount + 32)))
  }
}

/// What a catalogue says, in a form that can be compared.
struct CatalogContent: Hashable {
  struct Device: Hashable {
    var identity: DeviceIdentity
    var regionCount: Int
    var configBytes: Int?
    var vectors: Int?
    var bindings: Int?
    var state: StateStatistics
    var summary: DeviceSummary?
    var recordOffsets: [RecordType: UInt64]
  }

  var information: StreamInformation
  var devices: [Device]
  var unknownRecordCount: Int
  var isComplete: Bool

  init(_ catalog: StreamCatalog) {
    information = catalog.information
    unknownRecordCount = catalog.unknownRecordCount
    isComplete = catalog.isComplete
    devices = catalog.devices.map { device in
      Device(
        identity: device.identity, regionCount: device.regionCount,
        configBytes: device.configuration?.physicalByteCount, vectors: device.interruptVectorCount,
        bindings: device.pasids?.bindingCount, state: device.state, summary: device.summary,
        recordOffsets: device.recordOffsets)
    }
  }
}
