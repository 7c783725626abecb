public import ByteIO
public import MigrationStream

/// A VFIO device of a QEMU stream that is taken out of it.
public struct ExtractedDevice: Sendable {
  /// The device in the catalog of the stream.
  public let summary: VFIODeviceSummary
  /// Its multifd packets; nil if it has none.
  public let packets: DeviceStatePackets.Sequence?

  /// A device of a catalog, with its packets.
  public init(_ summary: VFIODeviceSummary, packets: DeviceStatePackets.Sequence? = nil) {
    self.summary = summary
    self.packets = packets
  }

  fileprivate func introduction(number: UInt16) -> DeviceIntroduction {
    let configuration = summary.configuration
    return DeviceIntroduction(
      number: number,
      identity: DeviceIdentity(name: summary.id, pci: configuration?.pciIdentity),
      configuration: configuration.map { ConfigurationRecord(synthesized: $0.space) },
      interrupts: configuration?.interrupts)
  }
}

/// VFIO devices of a QEMU stream as a source of records, with everything that QEMU knew of them.
///
/// The stream is read twice, because the configuration comes last in it and is wanted first: once
/// for its catalog, and once here, as far as the devices need.
public struct QEMURecords<Input: ByteSource & ~Copyable>: RecordSource, ~Copyable {
  /// Why the stream cannot be read on.
  public typealias Failure = QEMUReadError<Input.Failure>
  /// Gives `count` bytes from an offset of a multifd channel's file, or fewer at its end.
  public typealias PacketReader = (
    _ file: Int, _ offset: UInt64, _ count: Int
  ) throws(Input.Failure) -> [UInt8]

  private enum Stage {
    /// Between the parts of the main channel.
    case sections
    /// In the state of this device, in the main channel.
    case state(of: Int)
    /// At a byte of a piece of this device's packets.
    case packets(of: Int, piece: Int, position: UInt64)
    /// Behind all state, with what is held back of this device and the next ones.
    case rest(of: Int)
  }

  /// How many bytes of state it gave.
  public var stateByteCount: UInt64 { output.stateByteCount }
  private let devices: [ExtractedDevice]
  private let numberByID: [UInt32: Int]
  private var reader: QEMUStreamReader<Input>
  private let readPacket: PacketReader
  private var lanes: [ExtractionLane]
  private var output = ExtractionOutput()
  private var stage = Stage.sections
  // The device whose section is read, and those whose last section did not come yet.
  private var current: Int?
  private var open: Set<UInt32>

  /// Devices numbered from 0 in their order; state comes in chunks as large as `limits` allow.
  ///
  /// - Parameters:
  ///   - devices: those to take out; fewer than 65,535.
  ///   - reader: the main channel from its start.
  ///   - information: what the records say of themselves.
  ///   - limits: the sizes of records.
  ///   - readPacket: reads the multifd channels, if the devices have packets.
  public init(
    _ devices: [ExtractedDevice], reading reader: consuming QEMUStreamReader<Input>,
    information: StreamInformation, limits: StreamLimits, packets readPacket: @escaping PacketReader
  ) {
    precondition(devices.count < UInt16.max, "a stream numbers its devices with 16 bits")
    self.devices = devices
    self.reader = reader
    self.readPacket = readPacket
    numberByID = Dictionary(
      zip(devices.map(\.summary.sectionID), devices.indices),
      uniquingKeysWith: { first, _ in first }
    )
    open = Set(numberByID.keys)
    lanes = devices.indices.map {
      ExtractionLane(device: UInt16($0), chunkByteCount: Int(limits.chunkByteCount))
    }
    output.records = [.information(information)]
    for (number, device) in zip((0 as UInt16)..., devices) {
      output.records += device.introduction(number: number).records
    }
  }

  public mutating func next() throws(Failure) -> Record? {
    while true {
      if let record = output.next() { return record }
      switch stage {
      case .sections: try readPart()
      case .state(let number): try readState(of: number)
      case .packets(let number, let piece, let position):
        try readPackets(of: number, piece, position)
      case .rest(let number):
        guard number < lanes.count else { return nil }
        lanes[number].finish(&output)
        stage = .rest(of: number + 1)
      }
    }
  }

  @_lifetime(&self)
  public mutating func chunkBytes() throws(Failure) -> RawSpan { output.chunk.span.raw }

  // MARK: The main channel

  private mutating func readPart() throws(Failure) {
    guard !open.isEmpty, let event = try reader.next() else {
      stage = .packets(of: 0, piece: 0, position: 0)
      return
    }
    switch event {
    case .section(let section):
      current = numberByID[section.id]
      if let current { lanes[current].begin(section.kind) }
    case .record(let record):
      guard let current else { return }
      lanes[current].add(record, to: &output)
      if case .data = record.content { stage = .state(of: current) }
    case .sectionEnd(let end) where end.section.kind == .full: open.remove(end.section.id)
    default: break
    }
  }

  private mutating func readState(of number: Int) throws(Failure) {
    let bytes = [UInt8](try reader.stateBytes(limit: lanes[number].room))
    if bytes.isEmpty {
      lanes[number].writeFraming(&output)
      stage = .sections
    } else {
      lanes[number].add(bytes, to: &output)
    }
  }

  // MARK: Multifd channels

  private mutating func readPackets(
    of number: Int, _ piece: Int, _ position: UInt64
  ) throws(Failure) {
    guard number < devices.count else {
      stage = .rest(of: 0)
      return
    }
    guard let packets = devices[number].packets else {
      stage = .packets(of: number + 1, piece: 0, position: 0)
      return
    }
    if piece == 0 && position == 0 { lanes[number].beginPackets() }
    guard piece < packets.state.count else {
      lanes[number].endPackets()
      stage = .packets(of: number + 1, piece: 0, position: 0)
      return
    }
    let place = packets.state[piece]
    let byteCount = UInt64(place.byteCount)
    if position == 0 { lanes[number].beginPacket(byteCount) }
    guard position < byteCount else {
      lanes[number].writeFraming(&output)
      stage = .packets(of: number, piece: piece + 1, position: 0)
      return
    }
    let count = Int(min(byteCount - position, UInt64(lanes[number].chunkByteCount)))
    let bytes: [UInt8]
    do throws(Input.Failure) {
      bytes = try readPacket(place.file, place.offset + position, count)
    } catch {
      throw .source(error)
    }
    guard bytes.count == count else {
      throw .stream(
        QEMUStreamError(
          .torn, at: place.offset + position, expected: "\(count) bytes of a packet",
          found: "\(bytes.count), and the end of the file"))
    }
    lanes[number].addPacket(bytes, to: &output)
    stage = .packets(of: number, piece: piece, position: position + UInt64(count))
  }
}

extension QEMUMigration where Input: ~Copyable {
  /// The devices at `numbers` of the content's catalog, as records.
  ///
  /// - Parameters:
  ///   - numbers: the devices, by their places in the content.
  ///   - content: what was read of this migration.
  ///   - information: what the records say of themselves.
  ///   - limits: the sizes of records.
  public func records(
    of numbers: [Int], in content: QEMUMigrationContent, information: StreamInformation,
    limits: StreamLimits
  ) -> QEMURecords<QEMUFile<Input>.Reader> {
    QEMURecords(
      numbers.map {
        ExtractedDevice(content.catalog.vfioDevices[$0], packets: content.packets[$0])
      },
      reading: reader(), information: information, limits: limits,
      packets: { [files] (file, offset, count) throws(Failure) in
        try files[file].bytes(at: offset, count: count)
      })
  }
}
