/// What a stream says of a device before its state.
public struct DeviceIntroduction: Sendable, Hashable {
  /// The device's number in the stream, counted from 0.
  public var number: UInt16
  /// Which device it is, and what its driver says of it.
  public var identity: DeviceIdentity
  /// Its configuration space as it is, and as its guest was shown it.
  public var configuration: ConfigurationRecord?
  /// The interrupts that its guest programmed, which the VMM alone knows.
  public var interrupts: InterruptState?
  /// The address spaces that its VMM bound to PASIDs.
  public var pasids: PASIDTable?
  /// Optional records of the device; those that stand between its state do not belong here.
  public var optionalRecords: [OptionalRecord] = []

  /// A device of which no more is known than is given.
  public init(
    number: UInt16, identity: DeviceIdentity = DeviceIdentity(),
    configuration: ConfigurationRecord? = nil, interrupts: InterruptState? = nil,
    pasids: PASIDTable? = nil
  ) {
    self.number = number
    self.identity = identity
    self.configuration = configuration
    self.interrupts = interrupts
    self.pasids = pasids
  }

  /// Takes over a record of the device; false for one that says nothing of it before its state.
  public mutating func add(_ record: Record) -> Bool {
    switch record {
    case .identity(let value, number): identity = value
    case .configuration(let value, number): configuration = value
    case .interrupts(let value, number): interrupts = value
    case .pasids(let value, number): pasids = value
    case .optional(let value) where value.device == number: optionalRecords.append(value)
    default: return false
    }
    return true
  }

  /// The records that say it, in the order of the format.
  public var records: [Record] {
    var records = [Record.identity(identity, device: number)]
    if let configuration { records.append(.configuration(configuration, device: number)) }
    if let interrupts { records.append(.interrupts(interrupts, device: number)) }
    if let pasids { records.append(.pasids(pasids, device: number)) }
    return records + optionalRecords.map { .optional($0) }
  }
}

/// What a stream says before its state: all devices are introduced before the first chunk of any.
public struct StreamIntroduction: Sendable, Hashable {
  /// Who wrote the stream; empty until that record came.
  public var information = StreamInformation()
  /// By their numbers, without gaps.
  public var devices: [DeviceIntroduction] = []
  /// Optional records that concern no device.
  public var optionalRecords: [OptionalRecord] = []

  // Nil for all.
  private let kept: Set<UInt16>?

  /// Nothing yet: `add(_:)` takes the records.
  public init() { kept = nil }

  /// The same for who has use for these devices alone: of others no more is kept than which they
  /// are, and no optional record is.
  public init(keeping devices: Set<UInt16>) { kept = devices }

  /// Takes over the next record of a stream; false for the first that comes behind the
  /// introductions.
  ///
  /// A device whose identity a damaged stream has lost gets an empty one.
  public mutating func add(_ record: Record) -> Bool {
    switch record {
    case .information(let value): information = value
    case .identity(var value, let number) where !keeps(number):
      value.regions = []
      value.unknownFields = []
      add(.identity(value, device: number), of: number)
    case .identity(_, let number), .configuration(_, let number), .interrupts(_, let number),
      .pasids(_, let number):
      if keeps(number) { add(record, of: number) }
    case .optional(let value):
      if kept != nil { break }
      if let number = value.device {
        add(record, of: number)
      } else {
        optionalRecords.append(value)
      }
    case .chunk, .summary, .end, .index: return false
    }
    return true
  }

  private func keeps(_ number: UInt16) -> Bool { kept?.contains(number) ?? true }

  private mutating func add(_ record: Record, of number: UInt16) {
    while devices.count <= Int(number) {
      devices.append(DeviceIntroduction(number: UInt16(devices.count)))
    }
    _ = devices[Int(number)].add(record)
  }
}
