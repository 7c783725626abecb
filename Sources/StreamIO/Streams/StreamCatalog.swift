public import MigrationStream

/// What a stream holds, without its state and its images: what a person wants to know of it at a glance.
///
/// Its size follows the number of devices, never the amount of state.
public struct StreamCatalog: Sendable {
  /// How the content was found.
  public enum Origin: String, Sendable {
    /// From the index; a stream of a few chunks says in its footer that it has none, and is as quickly read.
    case index
    /// By scanning the record headers of a file whose index is missing or damaged.
    case scan
    /// By reading the whole stream.
    case sequence
    /// By searching a damaged file for what is intact.
    case salvage
  }

  public let header: StreamHeader
  public let origin: Origin
  public var information = StreamInformation()
  public var devices: [Device] = []
  /// Optional records of types that this version does not define.
  public var unknownRecordCount = 0
  /// Whether the end record is there.
  public var isComplete = false
  /// Why the stream could not be read to its end.
  public var defect: StreamError?

  public init(header: StreamHeader, origin: Origin) {
    self.header = header
    self.origin = origin
  }

  /// A device without its state and its images.
  public struct Device: Sendable {
    /// Without the regions, of which `regionCount` tells the number.
    public var identity = DeviceIdentity()
    public var regionCount = 0
    public var configuration: Configuration?
    public var interruptVectorCount: Int?
    public var pasids: PASIDs?
    public var state = StateStatistics()
    public var summary: DeviceSummary?
    /// Where the device's metadata records begin.
    public var recordOffsets: [RecordType: UInt64] = [:]

    public init() {}

    /// What is known of a configuration space.
    public struct Configuration: Sendable {
      public var physicalByteCount: Int?
      public var synthesizedByteCount: Int?
      public var profileName: String?
    }

    /// What is known of a PASID table.
    public struct PASIDs: Sendable {
      public var domainCount: Int
      public var bindingCount: Int
    }
  }
}

extension StreamCatalog {
  /// State bytes of all devices.
  public var stateByteCount: UInt64 {
    devices.reduce(0) { $0 &+ $1.state.byteCount }
  }

  /// The coded bytes that they take.
  public var storedByteCount: UInt64 {
    devices.reduce(0) { $0 &+ $1.state.storedByteCount }
  }

  /// Takes note of a record that was found in its order.
  public mutating func note(_ record: ScannedRecord) {
    switch record.content {
    case .chunk(let chunk): note(.chunk(chunk), record.header, at: record.offset)
    case .metadata(let value): note(value, record.header, at: record.offset)
    }
  }

  /// Takes note of a record with this header that begins at `offset`.
  public mutating func note(_ record: Record, _ header: RecordHeader, at offset: UInt64) {
    guard case .chunk(let chunk) = record else { return note(record, at: offset) }
    guard Int(chunk.device) < devices.count else { return }
    devices[Int(chunk.device)].state.note(chunk, header)
  }

  mutating func note(_ record: Record, at offset: UInt64) {
    switch record {
    case .information(let value): information = value
    case .identity(var value, _):
      var device = Device()
      device.regionCount = value.regions.count
      value.regions = []
      value.unknownFields = []
      device.identity = value
      device.recordOffsets[.deviceIdentity] = offset
      devices.append(device)
    case .configuration(let value, let device):
      note(device, .configurationSpace, at: offset) {
        $0.configuration = Device.Configuration(
          physicalByteCount: value.physical?.count, synthesizedByteCount: value.synthesized?.count,
          profileName: value.profileName)
      }
    case .interrupts(let value, let device):
      note(device, .interruptState, at: offset) {
        $0.interruptVectorCount = value.msix?.vectorCount ?? 0
      }
    case .pasids(let value, let device):
      note(device, .pasidTable, at: offset) {
        $0.pasids = Device.PASIDs(
          domainCount: value.domains.count, bindingCount: value.bindings.count)
      }
    case .summary(let value, let device):
      note(device, .deviceSummary, at: offset) { $0.summary = value }
    case .end: isComplete = true
    case .optional(let value): if !value.type.isDefined { unknownRecordCount += 1 }
    case .chunk, .index: break
    }
  }

  private mutating func note(
    _ device: UInt16, _ type: RecordType, at offset: UInt64, _ change: (inout Device) -> Void
  ) {
    guard Int(device) < devices.count else { return }
    devices[Int(device)].recordOffsets[type] = offset
    change(&devices[Int(device)])
  }
}
