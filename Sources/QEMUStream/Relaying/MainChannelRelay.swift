public import ByteIO

/// Passes the main channel of a migration on, and looks into it.
///
/// What is only observed goes on as it is read. Where devices are held against a destination, bytes
/// go on once they were read to be what they seem; their configuration records are judged first,
/// and the end of the stream is kept back until its description has confirmed what footers told.
public struct MainChannelRelay<
  Source: ByteSource & ~Copyable, Sink: ByteSink & ~Copyable
>: ~Copyable {
  /// Why it does not go on: the stream, its source, or where it goes.
  public typealias Failure = QEMUTransferError<Source.Failure, Sink.Failure>

  private var reader: QEMUStreamReader<RelayedBytes<Source, Sink>>
  private let rules: RelayRules
  private var ledger = MainChannelLedger()
  private var forms: Set<RelayForm> = []

  private var isGuarding: Bool { !rules.isObserving && rules.judge != nil }

  /// - Parameters:
  ///   - source: the channel from its first byte.
  ///   - sink: the destination, which is finished when the source ends.
  ///   - rules: what becomes of its devices, and who is told.
  public init(_ source: consuming Source, _ sink: consuming Sink, rules: RelayRules) {
    let isImmediate = rules.isObserving || rules.judge == nil
    reader = QEMUStreamReader(
      returningTo: RelayedBytes(source, sink, isImmediate: isImmediate), description: nil,
      startingAt: 0)
    self.rules = rules
  }

  /// Passes everything on until the source ends.
  ///
  /// Throws what ends the migration. A stream that cannot be followed is no such thing unless
  /// devices of it are guarded: the rest goes on as it comes.
  public consuming func run() throws(Failure) {
    do throws(Failure) {
      try follow()
    } catch {
      guard case .stream(let cause) = error, !isGuarding else { throw error }
      rules.note(.lost(cause))
    }
    try passing { (reader) throws(QEMUReadError<Failure>) in try reader.input.passOverRest() }
    try reader.input.source.finish()
  }

  private mutating func follow() throws(Failure) {
    while let event = try next() {
      do throws(QEMUStreamError) {
        try ledger.add(event, by: rules)
      } catch {
        throw .stream(error)
      }
      switch event {
      case .section(let section) where section.kind == .full: try hold()
      case .record(let record): try pass(record)
      case .sectionEnd(let end) where end.section.isRAM: noteForms()
      case .end where !ledger.isHeld: rules.note(.ended)
      case .description(let description): try confirm(description)
      default: break
      }
    }
    do throws(QEMUStreamError) {
      try ledger.finish(hasTrailingData: reader.hasTrailingData, by: rules)
    } catch {
      throw .stream(error)
    }
  }

  private mutating func noteForms() {
    let pages = reader.ram.pages
    for (form, count) in [(RelayForm.xbzrle, pages.delta), (.compression, pages.compressed)]
    where count > 0 && forms.insert(form).inserted {
      rules.note(.form(form))
    }
  }

  // MARK: The end

  /// Keeps the end back from the first section on whose end only a footer tells.
  private mutating func hold() throws(Failure) {
    guard isGuarding, !rules.trustsFooters, !ledger.isHeld else { return }
    ledger.isHeld = true
    try passing { (reader) throws(QEMUReadError<Failure>) in try reader.input.release() }
    reader.input.source.hold()
    rules.note(.held)
  }

  private mutating func confirm(_ description: VMDescription) throws(Failure) {
    do throws(QEMUStreamError) {
      try ledger.confirm(description, by: rules)
    } catch {
      throw .stream(error)
    }
    try reader.input.source.release()
    try passing { (reader) throws(QEMUReadError<Failure>) in try reader.input.release() }
    if ledger.isHeld { rules.note(.ended) }
  }

  // MARK: Records

  private mutating func pass(_ record: VFIORecord) throws(Failure) {
    guard case .configuration(let configuration) = record.content, let section = ledger.section
    else { return }
    let changed: VFIOConfiguration?
    do throws(QEMUStreamError) {
      changed = try rules.judged(
        configuration, of: RelayedDevice(section.name, instance: section.instance),
        machine: ledger.machine, at: record.offset)
    } catch {
      throw .stream(error)
    }
    guard let changed, isGuarding else { return }
    var writer = ByteWriter()
    changed.encode(into: &writer)
    let bytes = writer.bytes
    precondition(bytes.count == configuration.byteCount, "a record keeps its length")
    try passing { (reader) throws(QEMUReadError<Failure>) in
      try reader.input.release(keepingLast: bytes.count)
      reader.input.source.isCopied = false
      try reader.input.release()
    }
    reader.input.source.isCopied = true
    try reader.input.source.write(bytes.span.raw)
  }

  // MARK: Reading

  private mutating func next() throws(Failure) -> QEMUStreamEvent? {
    do throws(QEMUReadError<Failure>) {
      return try reader.next()
    } catch {
      throw Failure(error)
    }
  }

  private mutating func passing(
    _ body: (inout QEMUStreamReader<RelayedBytes<Source, Sink>>) throws(QEMUReadError<Failure>) ->
      Void
  ) throws(Failure) {
    do throws(QEMUReadError<Failure>) {
      try body(&reader)
    } catch {
      throw Failure(error)
    }
  }
}

extension RelayRules {
  /// The record as it goes on, if it is changed; throws if it must not go on.
  func judged(
    _ configuration: VFIOConfiguration, of device: RelayedDevice, machine: QEMUMachineVersion?,
    at offset: UInt64
  ) throws(QEMUStreamError) -> VFIOConfiguration? {
    guard let judge, let judgement = try judge(device, configuration, machine) else { return nil }
    switch judgement.verdict {
    case .accepted, .unknown: return nil
    case .relaid:
      var changed = configuration
      changed.space = judgement.space
      return changed
    case .refused:
      try object(
        QEMUStreamError(
          .refused, at: offset, section: device.name,
          expected: "a configuration record that the destination's device takes",
          found: judgement.reasons.joined(separator: "; ")))
      return nil
    }
  }
}
