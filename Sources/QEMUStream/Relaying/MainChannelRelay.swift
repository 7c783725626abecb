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
  /// The state of the devices that are translated, by the number of their sections, until it is
  /// whole.
  private var spools: [UInt32: [UInt8]] = [:]
  /// Whether the section that was begun last had state.
  private var hasState = false

  /// - Parameters:
  ///   - source: the channel from its first byte.
  ///   - sink: the destination, which is finished when the source ends.
  ///   - rules: what becomes of its devices, and who is told.
  public init(_ source: consuming Source, _ sink: consuming Sink, rules: RelayRules) {
    reader = QEMUStreamReader(
      returningTo: RelayedBytes(source, sink, isImmediate: !rules.isGuarding), description: nil,
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
      guard case .stream(let cause) = error, !rules.isGuarding else { throw error }
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
      case .section(let section):
        hasState = false
        if section.kind == .full { try hold() }
      case .record(let record): try pass(record)
      case .sectionEnd(let end) where end.section.isRAM: noteForms()
      case .end:
        // No section may have come that only a footer ended.
        try hold(keepingLast: 1)
        if !ledger.isHeld { rules.note(.ended) }
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

  /// Keeps the end back, with the last `count` bytes that were read: from the first section on
  /// whose end only a footer tells.
  private mutating func hold(keepingLast count: Int = 0) throws(Failure) {
    guard rules.isGuarding, !rules.trustsFooters, !ledger.isHeld else { return }
    ledger.isHeld = true
    try passing { (reader) throws(QEMUReadError<Failure>) in
      try reader.input.release(keepingLast: count)
    }
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
    guard let section = ledger.section else { return }
    switch record.content {
    case .configuration(let configuration):
      let changed = try judging { () throws(QEMUStreamError) in
        try rules.judged(
          configuration, of: RelayedDevice(section), machine: ledger.machine, at: record.offset)
      }
      guard let changed else { return }
      var writer = ByteWriter()
      changed.encode(into: &writer)
      precondition(writer.bytes.count == configuration.byteCount, "a record keeps its length")
      try replace(last: configuration.byteCount, by: writer.bytes)
    case .data where isTranslated(section): try spool(section, at: record.offset)
    case .tag(let kind)
    where kind.endsSection && section.kind == .end && isTranslated(section):
      try translate(section, at: record.offset)
    case .data, .tag: break
    }
  }

  // MARK: State

  private func isTranslated(_ section: QEMUSection) -> Bool {
    rules.translate != nil && rules.concerns(section.name)
  }

  /// Takes the state behind the record that was read out of the stream.
  private mutating func spool(_ section: QEMUSection, at offset: UInt64) throws(Failure) {
    hasState = true
    // The record's tag and size.
    try replace(last: 16, by: [])
    reader.input.source.isCopied = false
    while true {
      let bytes: [UInt8]
      do throws(QEMUReadError<Failure>) {
        bytes = [UInt8](try reader.stateBytes())
      } catch {
        throw Failure(error)
      }
      if bytes.isEmpty { break }
      spools[section.id, default: []] += bytes
      let spooled = spools.values.reduce(0) { $0 + $1.count }
      guard spooled > rules.spoolByteCount else { continue }
      try judging { () throws(QEMUStreamError) in
        try rules.object(
          QEMUStreamError(
            .limitExceeded, at: offset, section: section.label,
            expected: "at most \(rules.spoolByteCount) bytes of state to be translated",
            found: "more"))
      }
      // What is only observed goes on.
      spools[section.id] = []
    }
    try passing { (reader) throws(QEMUReadError<Failure>) in try reader.input.release() }
    reader.input.source.isCopied = true
  }

  /// Puts the translated state in front of the tag that ends the section.
  private mutating func translate(_ section: QEMUSection, at offset: UInt64) throws(Failure) {
    let state = spools.removeValue(forKey: section.id) ?? []
    let translated = try judging { () throws(QEMUStreamError) -> [UInt8]? in
      do throws(QEMUStreamError) {
        guard hasState else { throw .stateElsewhere(section.label, at: offset) }
        return try rules.translate?(RelayedDevice(section), state)
      } catch {
        try rules.object(error)
        return nil
      }
    }
    guard let translated, rules.isGuarding else { return }
    try passing { (reader) throws(QEMUReadError<Failure>) in
      try reader.input.release(keepingLast: 8)
    }
    var position = 0
    while position < translated.count {
      // As much as a record of QEMU's has (hw/vfio/migration.c).
      let end = min(position + (1 << 20), translated.count)
      var writer = ByteWriter()
      writer.big(VFIORecord.Kind.data.tag)
      writer.big(UInt64(end - position))
      try reader.input.source.write(writer.bytes.span.raw)
      try reader.input.source.write(translated.span.raw.extracting(position..<end))
      position = end
    }
  }

  /// Sends `bytes` in place of the last `count` that were read, where devices are guarded.
  private mutating func replace(last count: Int, by bytes: [UInt8]) throws(Failure) {
    guard rules.isGuarding else { return }
    try passing { (reader) throws(QEMUReadError<Failure>) in
      try reader.input.release(keepingLast: count)
      reader.input.source.isCopied = false
      try reader.input.release()
    }
    reader.input.source.isCopied = true
    try reader.input.source.write(bytes.span.raw)
  }

  // MARK: Reading

  private func judging<Result>(
    _ body: () throws(QEMUStreamError) -> Result
  ) throws(Failure) -> Result {
    do throws(QEMUStreamError) {
      return try body()
    } catch {
      throw .stream(error)
    }
  }

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
    guard concerns(device.name), let judgement = try judge?(device, configuration, machine) else {
      return nil
    }
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
