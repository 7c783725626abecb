public import MigrationStream
public import StateLayout

/// A device of a stream, and what becomes of its state in another layout or for another target.
public struct TranslatedDevice<State: StateSource> {
  /// The state that the stream has.
  public let state: State
  /// What the stream says of the device from now on.
  public private(set) var introduction: DeviceIntroduction
  /// The report, on what the stream says of the device too, and the translated state unless it was
  /// refused.
  public private(set) var outcome: Translator.Outcome

  /// Translates `state`, whose layout its content or the driver in `introduction` tells if `layout`
  /// is nil.
  ///
  /// What the stream says of the device is added to what `translator` knows of the source.
  public init(
    _ introduction: DeviceIntroduction, state: State, from layout: Layout?, to wanted: Layout,
    by translator: Translator, records: RecordTranslation
  ) throws(TranslationError<State.Failure>) {
    self.state = state
    self.introduction = introduction
    let identity = introduction.identity
    let facts = DeviceFacts(identity)
    var translator = translator
    translator.source.driver = translator.source.driver ?? facts.driver
    translator.source.pci = translator.source.pci ?? facts.pci
    outcome = try translator.translate(state, from: layout, of: identity.driver, to: wanted)
    // A state that cannot have the layout at all is not on its way to another device.
    guard !outcome.report.refusals.contains(where: { $0.field == "layout" }) else { return }
    self.introduction.identity = records.identity(identity, layout: wanted, &outcome.report)
    self.introduction.configuration = records.configuration(
      introduction.configuration, &outcome.report)
  }

  /// The device of `introduction` with other bytes for its state, `payload`, whose ranges are those
  /// of `state`; all else stays.
  public init(
    _ introduction: DeviceIntroduction, state: State, edited payload: Payload, layout: Layout
  ) {
    self.state = state
    self.introduction = introduction
    outcome = Translator.Outcome(
      report: TranslationReport(source: layout.name, target: layout.name), state: payload)
  }
}
