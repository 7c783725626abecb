import CFerry
import MigrationStream

/// A stream as a caller reads it, record by record.
protocol ReadableStream: AnyObject {
  /// The next record, of a stream that is pulled; one without a kind at the end.
  func next() throws(Failure) -> ferry_record
  /// Takes from the front of `bytes`; a record without a kind when all of them are taken.
  @_lifetime(bytes: copy bytes)
  func push(_ bytes: inout RawSpan) throws(Failure) -> ferry_record
  /// Takes note that no more is pushed.
  func finish() throws(Failure)
  func device(_ number: UInt16) throws(Failure) -> ferry_device
  /// The bytes of the chunk that came last, which stay where they are until the next call.
  func state() throws(Failure) -> UnsafeRawBufferPointer
  func damage() throws(Failure) -> ferry_damage
  func loss(of device: UInt16) throws(Failure) -> ferry_loss
}

/// What a caller gets of the records of a stream: the introductions as one, then what follows.
struct GivenRecords {
  private var introduction = StreamIntroduction()
  private var devices: [DescribedDevice]?
  // Came behind the introductions, and is given after they were.
  private var waiting: ferry_record?
  /// Whether the record that was given last is a chunk.
  private(set) var isState = false

  /// The record that waits to be given; nil if none does.
  mutating func takeWaiting() -> ferry_record? {
    isState = false
    guard let record = waiting else { return nil }
    waiting = nil
    return give(record)
  }

  /// What the caller gets of the record at `offset`; nil if nothing.
  mutating func take(_ record: Record, at offset: UInt64, isVerified: Bool) -> ferry_record? {
    if devices == nil {
      if introduction.add(record) { return nil }
      waiting = Self.made(of: record, at: offset, isVerified: isVerified)
      return introduced(at: offset)
    }
    return Self.made(of: record, at: offset, isVerified: isVerified).map { give($0) }
  }

  /// What the caller gets at the end of a damaged stream of `count` devices; nil unless it has no
  /// record behind the introductions.
  mutating func end(deviceCount count: Int, at offset: UInt64) -> ferry_record? {
    let record = devices == nil ? introduced(at: offset) : nil
    know(deviceCount: count)
    return record
  }

  /// Describes devices whose introductions are lost as such of which nothing is known.
  private mutating func know(deviceCount count: Int) {
    while let number = devices?.count, number < count {
      devices?.append(DescribedDevice(DeviceIntroduction(number: UInt16(clamping: number))))
    }
  }

  private mutating func introduced(at offset: UInt64) -> ferry_record {
    let all = introduction.devices.map(DescribedDevice.init)
    devices = all
    return Self.made(FERRY_RECORD_DEVICES, at: offset) { $0.device_count = UInt32(all.count) }
  }

  private mutating func give(_ record: ferry_record) -> ferry_record {
    isState = record.kind == FERRY_RECORD_STATE
    if isState { know(deviceCount: Int(record.device) + 1) }
    return record
  }

  private static func made(
    of record: Record, at offset: UInt64, isVerified: Bool
  ) -> ferry_record? {
    switch record {
    case .chunk(let chunk):
      made(FERRY_RECORD_STATE, at: offset) {
        $0.device = UInt32(chunk.device)
        $0.state_offset = chunk.stateOffset
        $0.state_size = UInt64(chunk.byteCount)
        $0.phase = UInt32(chunk.context.phase.rawValue)
        $0.iteration = chunk.context.iteration
        $0.flags = UInt32(chunk.context.flags.rawValue)
      }
    case .summary(let summary, let device):
      made(FERRY_RECORD_SUMMARY, at: offset) {
        $0.device = UInt32(device)
        $0.state_size = summary.byteCount
        $0.is_verified = isVerified ? 1 : 0
      }
    case .end(let totals):
      made(FERRY_RECORD_END, at: offset) {
        $0.device_count = totals.deviceCount
        $0.state_size = totals.stateByteCount
      }
    default: nil
    }
  }

  private static func made(
    _ kind: Int, at offset: UInt64, _ fill: (inout ferry_record) -> Void
  ) -> ferry_record {
    var record = ferry_record()
    record.kind = UInt32(kind)
    record.offset = offset
    fill(&record)
    return record
  }

  func device(_ number: UInt16) throws(Failure) -> ferry_device {
    guard let devices else {
      throw Failure(.order, "FERRY_RECORD_DEVICES before", found: "no record of that kind yet")
    }
    guard devices.indices.contains(Int(number)) else {
      throw Failure(argument: "number", "one of \(devices.count) devices", found: "\(number)")
    }
    return devices[Int(number)].value
  }

  func requireState() throws(Failure) {
    guard isState else {
      throw Failure(.order, "FERRY_RECORD_STATE before", found: "another record, or none")
    }
  }
}
