/// What a relay has seen of a main channel, and the order that it must have where devices are
/// guarded.
///
/// A guest may write what it likes into a device's buffer, the head of a section and a footer
/// included. So where devices are guarded, all sections whose ends only footers tell must come when
/// the machine stands still and waits for no answer, and the description must have every one of
/// them.
struct MainChannelLedger {
  // As many as a reader takes of devices.
  private static var mostSections: Int { 16384 }

  private struct Whole: Hashable {
    let name: String
    let instance: UInt32
    let byteCount: UInt64
  }

  /// The section that was begun last.
  private(set) var section: QEMUSection?
  private(set) var machine: QEMUMachineVersion?
  /// Whether the end is kept back.
  var isHeld = false
  private var hasReturnPath = false
  private var isStopped = false
  private var isDescribed = false
  private var whole: [Whole] = []

  mutating func add(
    _ event: QEMUStreamEvent, by rules: RelayRules
  ) throws(QEMUStreamError) {
    switch event {
    case .configuration(let configuration):
      machine = QEMUMachineVersion(of: configuration.machine)
      rules.note(.machine(configuration))
    case .command(let command): try add(command, by: rules)
    case .section(let section): try add(section, by: rules)
    case .record(let record):
      guard case .data(let byteCount) = record.content, let section else { return }
      if section.kind == .start || section.kind == .full {
        try rules.object(
          QEMUStreamError(
            .misplaced, at: record.offset, section: section.label,
            expected: "a device's state in its PART and END sections", found: "\(section.kind)"))
      }
      rules.note(
        .state(
          RelayedDevice(section), byteCount: byteCount,
          isStopCopy: section.kind == .end || section.kind == .full))
    case .sectionEnd(let end): try add(end, by: rules)
    case .end, .description: break
    }
  }

  private mutating func add(
    _ command: QEMUStreamCommand, by rules: RelayRules
  ) throws(QEMUStreamError) {
    if command.startsPostcopy { rules.note(.form(.postcopy)) }
    if command.runsDestination {
      try rules.object(
        QEMUStreamError(
          .unsupported, at: command.offset,
          expected: "a migration whose destination runs behind its end",
          found: "\(command.name); switch the capability off at both sides"))
    }
    switch command.number {
    case QEMUStreamCommand.openReturnPath:
      hasReturnPath = true
      rules.note(.returnPath)
    case QEMUStreamCommand.switchoverStart: stop(by: rules)
    default: break
    }
  }

  private mutating func stop(by rules: RelayRules) {
    if !isStopped { rules.note(.stopped) }
    isStopped = true
  }

  private mutating func add(
    _ section: QEMUSection, by rules: RelayRules
  ) throws(QEMUStreamError) {
    self.section = section
    func object(_ expected: String, _ found: String) throws(QEMUStreamError) {
      try rules.object(
        QEMUStreamError(
          .misplaced, at: section.offset, section: section.label, expected: expected, found: found))
    }
    if section.isVFIO, section.kind == .start {
      rules.note(.device(RelayedDevice(section)))
      if !hasReturnPath {
        try rules.object(
          QEMUStreamError(
            .noReturnPath, at: section.offset, section: section.label,
            expected:
              "the command OPEN_RETURN_PATH before a device, without which the source would "
              + "not learn of a refusal",
            found: "none; set the capability return-path at the source"))
      }
    }
    if section.kind == .start, isStopped {
      try object("devices that begin while the machine runs", "\(section.kind)")
    }
    if section.kind == .end { stop(by: rules) }
    guard !rules.trustsFooters else { return }
    if section.kind == .full ? !isStopped : !section.isRAM && !section.isVFIO {
      try object(
        "no section whose end only its footer tells while the machine runs, unless footers are "
          + "trusted", "\(section.kind)")
    }
  }

  private mutating func add(
    _ end: QEMUSection.End, by rules: RelayRules
  ) throws(QEMUStreamError) {
    if end.evidence == .next {
      try rules.object(
        QEMUStreamError(
          .unsupported, at: end.section.offset, section: end.section.label,
          expected: "sections with footers", found: "a machine that writes none"))
    }
    guard end.section.kind == .full else { return }
    guard whole.count < Self.mostSections else {
      return try rules.object(
        QEMUStreamError(
          .limitExceeded, at: end.section.offset, section: end.section.label,
          expected: "at most \(Self.mostSections) devices", found: "more"))
    }
    whole.append(
      Whole(name: end.section.name, instance: end.section.instance, byteCount: end.byteCount))
  }

  /// Holds the sections against the description: each must be there, in this order, with its size.
  mutating func confirm(
    _ description: VMDescription, by rules: RelayRules
  ) throws(QEMUStreamError) {
    isDescribed = true
    let said = description.devices.map {
      Whole(name: $0.name, instance: $0.instance, byteCount: $0.byteCount)
    }
    rules.note(.described(isConfirmed: said == whole))
    guard said != whole, !rules.trustsFooters else { return }
    let index = zip(said, whole).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    let place = index ?? min(said.count, whole.count)
    func text(_ list: [Whole]) -> String {
      guard list.indices.contains(place) else { return "no further section" }
      return "'\(list[place].name)' of \(list[place].byteCount) bytes"
    }
    try rules.object(
      QEMUStreamError(
        .misleadingDescription, at: description.offset,
        expected: "\(text(said)), as the stream's description has it",
        found: "\(text(whole)) by its footer: a guest may have forged one"))
  }

  /// Judges a stream behind which nothing comes, or something that does not belong to it.
  func finish(hasTrailingData: Bool, by rules: RelayRules) throws(QEMUStreamError) {
    let offset = section?.offset ?? 0
    if hasTrailingData, !rules.trustsFooters {
      try rules.object(
        QEMUStreamError(
          .misplaced, at: offset, expected: "nothing behind the stream", found: "more bytes"))
    }
    if !isDescribed, !rules.trustsFooters { try rules.object(Self.undescribed(at: offset)) }
  }

  static func undescribed(at offset: UInt64) -> QEMUStreamError {
    QEMUStreamError(
      .unconfirmed, at: offset,
      expected: "the stream's description, which confirms the ends of its sections",
      found: "none; --trust-footers takes the stream without it")
  }
}

extension QEMUStreamCommand {
  static var openReturnPath: UInt16 { 1 }
  static var switchoverStart: UInt16 { 11 }

  /// Whether the source means to send memory after the destination runs.
  fileprivate var startsPostcopy: Bool { number == Self.postcopyAdvise && byteCount > 0 }

  /// Whether the destination may run before the stream ends: after post-copy's commands, or COLO's.
  fileprivate var runsDestination: Bool { startsPostcopy || (4...10).contains(number) }
}
