public import MigrationStream

/// What a stream holds, without its state and its images: what a person wants to know of it at a
/// glance.
///
/// Its size follows the number of devices, never the amount of state.
public struct StreamCatalog: Sendable {
  /// How the content was found.
  public enum Origin: String, Sendable {
    /// From the index; a stream of a few chunks says in its footer that it has none, and is as
    /// quickly read.
    case index
    /// By scanning the record headers of a file whose index is missing or damaged.
    case scan
    /// By reading the whole stream.
    case sequence
    /// By searching a damaged file for what is intact.
    case salvage
  }

  /// The header that the stream begins with.
  public let header: StreamHeader
  /// The way in which the content was found.
  public let origin: Origin
  /// The stream's own record about itself.
  public var information = StreamInformation()
  /// The devices by their numbers.
  public var devices: [Device] = []
  /// Optional records of types that this version does not define.
  public var unknownRecordCount = 0
  /// Whether the end record is there.
  public var isComplete = false
  /// Why the stream could not be read to its end.
  public var defect: StreamError?

  /// A catalog of no records yet.
  public init(header: StreamHeader, origin: Origin) {
    self.header = header
    self.origin = origin
  }

  /// A device without its state and its images.
  public struct Device: Sendable {
    /// Without the regions, of which `regionCount` tells the number.
    public var identity = DeviceIdentity()
    /// The number of regions in the identity.
    public var regionCount = 0
    /// The sizes of the device's images; nil without a record of them.
    public var configuration: Configuration?
    /// The vectors of the MSI-X table; nil without an interrupt record.
    public var interruptVectorCount: Int?
    /// The size of the PASID table; nil without one.
    public var pasids: PASIDs?
    /// The sums of the device's chunks.
    public var state = StateStatistics()
    /// The writer's own sums; nil if they did not come.
    public var summary: DeviceSummary?
    /// Where the device's metadata records begin.
    public var recordOffsets: [RecordType: UInt64] = [:]

    /// A device of which nothing is known yet.
    public init() {}

    /// What is known of a configuration space.
    public struct Configuration: Sendable {
      /// The size of the physical image; nil without one.
      public var physicalByteCount: Int?
      /// The size of the image that the guest was shown; nil without one.
      public var synthesizedByteCount: Int?
      /// The name of the profile that the guest was shown; nil without one.
      public var profileName: String?
    }

    /// What is known of a PASID table.
    public struct PASIDs: Sendable {
      /// The number of address spaces.
      public var domainCount: Int
      /// The number of bound PASIDs.
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
    case .information(var value):
      value.unknownFields = []
      information = value
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
    case .summary(var value, let device):
      value.unknownFields = []
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
