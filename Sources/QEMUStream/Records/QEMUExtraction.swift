public import ByteIO
public import MigrationStream

/// VFIO devices of a QEMU stream as a sequence of records, with everything that QEMU knew of them.
///
/// The stream is read twice, because the configuration comes last in it and is wanted first: once
/// for its catalog, and once here.
public struct QEMUExtraction {
  /// A device to take out.
  public struct Device: Sendable {
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

  private let devices: [Device]
  private let numberByID: [UInt32: UInt16]

  /// - `devices`: in the order of their numbers in the records; fewer than 65,535.
  public init(_ devices: [Device]) {
    precondition(devices.count < UInt16.max, "a stream numbers its devices with 16 bits")
    self.devices = devices
    numberByID = Dictionary(
      zip(devices.map(\.summary.sectionID), (0 as UInt16)...),
      uniquingKeysWith: { first, _ in first })
  }

  /// Writes information, introductions and all state; the caller finishes the sink.
  ///
  /// - `reader`: the main channel from its start, which is read as far as the devices need.
  /// - `readPacket`: gives `count` bytes from an offset of a multifd channel's file, or fewer at
  ///   its end.
  /// - `progress`: is told after each chunk how many state bytes were written.
  public func write<Source: ByteSource & ~Copyable, Sink: RecordSink & ~Copyable>(
    reading reader: inout QEMUStreamReader<Source>,
    packets readPacket: (_ file: Int, _ offset: UInt64, _ count: Int) throws(Source.Failure) ->
      [UInt8],
    information: StreamInformation, to sink: inout Sink, progress: (UInt64) -> Void = { _ in }
  ) throws(QEMUTransferError<Source.Failure, Sink.Failure>) {
    do throws(Sink.Failure) {
      try sink.write(.information(information))
      for (number, device) in zip((0 as UInt16)..., devices) {
        try sink.write(device.introduction(number: number))
      }
    } catch {
      throw .sink(error)
    }
    var lanes = devices.indices.map { ExtractionLane(device: UInt16($0)) }
    var total: UInt64 = 0
    try writeSections(from: &reader, &lanes, &total, to: &sink, progress)
    for (number, device) in devices.enumerated() {
      guard let packets = device.packets else { continue }
      try lanes[number].write(packets, reading: readPacket, &total, to: &sink, progress)
    }
    do throws(Sink.Failure) {
      for number in lanes.indices { try lanes[number].finish(&total, to: &sink) }
    } catch {
      throw .sink(error)
    }
    progress(total)
  }

  private func writeSections<Source: ByteSource & ~Copyable, Sink: RecordSink & ~Copyable>(
    from reader: inout QEMUStreamReader<Source>, _ lanes: inout [ExtractionLane],
    _ total: inout UInt64, to sink: inout Sink, _ progress: (UInt64) -> Void
  ) throws(QEMUTransferError<Source.Failure, Sink.Failure>) {
    var open = Set(numberByID.keys)
    var current: Int?
    while !open.isEmpty {
      let event: QEMUStreamEvent?
      do throws(QEMUReadError<Source.Failure>) {
        event = try reader.next()
      } catch {
        throw QEMUTransferError(error)
      }
      switch event {
      case nil: return
      case .section(let section):
        current = numberByID[section.id].map { Int($0) }
        if let current { lanes[current].begin(section.kind) }
      case .record(let record):
        guard let current else { continue }
        try lanes[current].copy(record, from: &reader, &total, to: &sink)
        progress(total)
      case .sectionEnd(let end) where end.section.kind == .full: open.remove(end.section.id)
      default: continue
      }
    }
  }
}
