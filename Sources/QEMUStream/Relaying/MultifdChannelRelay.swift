public import ByteIO

/// Passes a multifd channel of a migration on, and looks into it.
///
/// Packets tell their sizes, so nothing of them can be forged by a guest. The packet with a
/// device's configuration record is judged before it goes on, where devices are guarded.
public struct MultifdChannelRelay<
  Source: ByteSource & ~Copyable, Sink: ByteSink & ~Copyable
>: ~Copyable {
  /// Why it does not go on: the channel, its source, or where it goes.
  public typealias Failure = QEMUTransferError<Source.Failure, Sink.Failure>

  private var reader: MultifdChannelReader<RelayedBytes<Source, Sink>>
  private let rules: RelayRules
  private var isCompressed = false

  /// - Parameters:
  ///   - source: the channel from its first byte.
  ///   - sink: the destination, which is finished when the source ends.
  ///   - rules: what becomes of its devices, and who is told.
  public init(_ source: consuming Source, _ sink: consuming Sink, rules: RelayRules) {
    reader = MultifdChannelReader(
      returningTo: RelayedBytes(source, sink, isImmediate: !rules.isGuarding))
    self.rules = rules
  }

  /// Passes everything on until the source ends.
  ///
  /// - Parameter machine: gives the machine, when the main channel has told it; nil if that ends
  ///   before. The channel's head goes on before it is asked for, because the destination waits for
  ///   the heads of all channels.
  /// - Throws: what ends the migration. A channel that cannot be followed is no such thing unless
  ///   devices are guarded: the rest goes on as it comes.
  public consuming func run(machine: () -> QEMUConfiguration?) throws(Failure) {
    do throws(Failure) {
      try follow(machine)
    } catch {
      guard case .stream(let cause) = error, !rules.isGuarding else { throw error }
      rules.note(.lost(cause))
    }
    try passing { (reader) throws(QEMUReadError<Failure>) in try reader.input.passOverRest() }
    try reader.input.source.finish()
  }

  private mutating func follow(_ machine: () -> QEMUConfiguration?) throws(Failure) {
    try passing { (reader) throws(QEMUReadError<Failure>) in
      _ = try reader.readHead()
      try reader.input.release()
    }
    guard let configuration = machine() else { return }
    reader.pageByteCount = 1 << configuration.pageBits
    let version = QEMUMachineVersion(of: configuration.machine)
    while let packet = try next() {
      if reader.isCompressed, !isCompressed {
        isCompressed = true
        rules.note(.form(.multifdCompression))
      }
      guard case .deviceState(let packet) = packet else { continue }
      let device = RelayedDevice(packet.device, instance: packet.instance)
      rules.note(.device(device))
      try requireUntranslated(packet)
      if packet.isConfiguration {
        try pass(packet, of: device, version)
      } else {
        rules.note(
          .state(device, byteCount: UInt64(packet.dataByteCount), isStopCopy: true))
      }
    }
  }

  /// Packets of a device go over any channel, and only the destination puts them together.
  private func requireUntranslated(_ packet: DeviceStatePacket) throws(Failure) {
    guard rules.translate != nil, rules.concerns(packet.device) else { return }
    do throws(QEMUStreamError) {
      try rules.object(.stateElsewhere(packet.device, at: packet.dataOffset))
    } catch {
      throw .stream(error)
    }
  }

  private mutating func pass(
    _ packet: DeviceStatePacket, of device: RelayedDevice, _ version: QEMUMachineVersion?
  ) throws(Failure) {
    let configuration: VFIOConfiguration
    do throws(QEMUReadError<Failure>) {
      configuration = try reader.readConfiguration(of: packet)
    } catch {
      throw Failure(error)
    }
    let changed: VFIOConfiguration?
    do throws(QEMUStreamError) {
      changed = try rules.judged(
        configuration, of: device, machine: version, at: packet.dataOffset)
    } catch {
      throw .stream(error)
    }
    guard let changed, rules.isGuarding else { return }
    var writer = ByteWriter()
    writer.big(VFIORecord.Kind.configuration.tag)
    changed.encode(into: &writer)
    writer.big(VFIORecord.Kind.endOfState.tag)
    let bytes = writer.bytes
    precondition(bytes.count == Int(packet.dataByteCount), "a record keeps its length")
    try passing { (reader) throws(QEMUReadError<Failure>) in
      try reader.input.release(keepingLast: bytes.count)
      reader.input.source.isCopied = false
      try reader.input.release()
    }
    reader.input.source.isCopied = true
    try reader.input.source.write(bytes.span.raw)
  }

  private mutating func next() throws(Failure) -> MultifdPacket? {
    do throws(QEMUReadError<Failure>) {
      return try reader.next()
    } catch {
      throw Failure(error)
    }
  }

  private mutating func passing(
    _ body: (inout MultifdChannelReader<RelayedBytes<Source, Sink>>)
      throws(QEMUReadError<Failure>) -> Void
  ) throws(Failure) {
    do throws(QEMUReadError<Failure>) {
      try body(&reader)
    } catch {
      throw Failure(error)
    }
  }
}

extension QEMUStreamError {
  /// Of a device that is to be translated, and whose state goes over multifd channels.
  static func stateElsewhere(_ section: String, at offset: UInt64) -> QEMUStreamError {
    QEMUStreamError(
      .irreplaceable, at: offset, section: section,
      expected: "the stop-copy state of a device that is translated in the main channel "
        + "(x-migration-multifd-transfer=off)", found: "none there")
  }
}
