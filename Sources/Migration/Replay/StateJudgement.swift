public import Devices
public import MigrationStream
public import StateLayout
public import StateTranslation
import VirtualPCI

/// Whether a target can take a device's state as it is, told before it is given it.
///
/// The state is held against its layout, and against the facts of the target as a translation
/// holds it that has nothing to rewrite. What the facts leave open a device is asked that can tell.
public struct StateJudgement: Sendable, Hashable {
  /// The layout that the state's content names, or the drivers; nil if nothing does.
  public private(set) var layout: String?
  /// The other layouts that the driver alone names, none of which the state is sound by either.
  public private(set) var otherLayouts: [String] = []
  /// Every reason against the state, named as a translation names it.
  public private(set) var refusals: [TranslationReport.Refusal] = []
  /// Whether the layout itself finds errors in the state, which are the refusals then.
  public private(set) var isUnsound = false
  /// What was not checked, and the fact that it would take.
  public private(set) var unchecked: [TranslationReport.Unchecked] = []
  /// Why nothing was held against the state; nil if it was judged.
  public private(set) var unjudged: String?
  /// How many bytes were judged of a state whose rest was not there; nil if all of it was.
  public private(set) var beginningByteCount: Int?
  /// Whether there is no state, and nothing names a layout that would want one.
  public private(set) var isMissing = false
  /// The translations whose result the target's facts have nothing against.
  private(set) var remedies: [Remedy] = []

  /// The layouts that the state is not sound by.
  var layoutNames: String {
    otherLayouts.isEmpty
      ? layout ?? "" : "\(layout ?? ""), or of " + otherLayouts.joined(separator: ", ")
  }

  /// A translation that makes a state of another that the target cannot take.
  struct Remedy: Sendable, Hashable {
    let layout: String
    /// The losses that it must be allowed.
    let losses: [TranslationLoss]
    /// What the stream says of the device then.
    let introduction: DeviceIntroduction
  }

  /// Why a state could not be judged.
  public enum Failure<SourceFailure: Error>: Error {
    /// It could not be read.
    case source(SourceFailure)
    /// The target could not be asked.
    case device(DeviceError)
  }

  /// A judgement with nothing against the state; it was not looked at if there is a reason.
  init(unjudged: String? = nil) { self.unjudged = unjudged }

  /// Judges the state of the device that `introduction` introduces.
  ///
  /// It reads what the layout describes, and all of it only for a device that is asked; the target
  /// is not touched.
  ///
  /// - Parameters:
  ///   - state: the state.
  ///   - introduction: says which driver handed it out, and of which function.
  ///   - target: the device that shall take it.
  ///   - source: what is known of the device that it was taken from, if that is more than the
  ///     introduction says.
  public init<State: StateSource>(
    _ state: State, of introduction: DeviceIntroduction, for target: ReplayTarget,
    from source: DeviceFacts? = nil
  ) throws(Failure<State.Failure>) {
    let facts: DeviceFacts
    do throws(DeviceError) {
      facts = try target.device.knownFacts()
    } catch {
      throw .device(error)
    }
    do throws(State.Failure) {
      try self.init(state, of: introduction, for: target, from: source, by: facts)
    } catch {
      throw .source(error)
    }
  }

  /// The same by the facts of the target, which is asked no more if it is of the kernel.
  init<State: StateSource>(
    _ state: State, of introduction: DeviceIntroduction, for target: ReplayTarget,
    from source: DeviceFacts? = nil, by facts: DeviceFacts
  ) throws(State.Failure) {
    let source = source ?? DeviceFacts(introduction.identity)
    try judge(state, of: introduction, from: source, by: facts)
    guard layout != nil, !isUnsound else { return }
    if refusals.isEmpty { try ask(target.device, about: state) }
    // A translation names the target's driver.
    let isOfOtherDriver =
      if let driver = introduction.identity.driver, let other = facts.driver {
        !DeviceIdentity.isSameDriver(driver, other)
      } else {
        false
      }
    if !refusals.isEmpty || isOfOtherDriver {
      try findRemedies(for: state, of: introduction, from: source, by: facts, target)
    }
  }

  /// Judges a state by its first bytes, whatever comes behind them; if nothing tells its layout, it
  /// is not judged, for the reason that `limit` gives.
  ///
  /// - Parameter facts: those of the target.
  package init(
    beginning bytes: [UInt8], of introduction: DeviceIntroduction, for target: ReplayTarget,
    by facts: DeviceFacts, limit: String
  ) {
    // Where the state ends is not known, but a rule that allows no more bytes than these is broken.
    let state = StateBytes(bytes)
    let (candidates, named) = Self.candidates(for: state, of: introduction, by: facts)
    guard !candidates.isEmpty else {
      unjudged = limit
      return
    }
    beginningByteCount = bytes.count
    var translator = Translator(for: facts)
    translator.source = DeviceFacts(introduction.identity)
    choose(among: candidates) { translator.check(beginning: bytes, of: $0) }
    noteGuess(named, by: facts)
    if refusals.isEmpty { ask(target.device, about: state) }
  }

  private mutating func judge<State: StateSource>(
    _ state: State, of introduction: DeviceIntroduction, from source: DeviceFacts,
    by facts: DeviceFacts
  ) throws(State.Failure) {
    let (candidates, named) = try Self.candidates(for: state, of: introduction, by: facts)
    guard !candidates.isEmpty else {
      isMissing = state.byteCount == 0
      guard !isMissing else { return }
      unjudged =
        (introduction.identity.driver ?? facts.driver).map {
          "no layout is known of the driver \($0)"
        } ?? "nothing tells which layout it has"
      return
    }
    var translator = Translator(for: facts)
    translator.source = source
    try choose(among: candidates) { (candidate) throws(State.Failure) in
      try translator.translate(state, from: candidate, to: candidate).report
    }
    noteGuess(named, by: facts)
  }

  /// The layouts that a state may have, and the one that its content names.
  private static func candidates<State: StateSource>(
    for state: State, of introduction: DeviceIntroduction, by facts: DeviceFacts
  ) throws(State.Failure) -> (all: [Layout], named: Layout?) {
    let driver = introduction.identity.driver
    let detection = try Layout.detect(state, driver: driver ?? facts.driver)
    let named = detection.best.flatMap { $0.certainty > .possible ? $0.layout : nil }
    return (named.map { [$0] } ?? layouts(of: driver, for: facts), named)
  }

  /// Takes over what `check` says of the first layout that it has nothing against, or of the first
  /// of all.
  private mutating func choose<Failure: Error>(
    among candidates: [Layout], by check: (Layout) throws(Failure) -> TranslationReport
  ) throws(Failure) {
    var report: TranslationReport?
    for candidate in candidates {
      let next = try check(candidate)
      if report == nil || next.isAccepted {
        report = next
        layout = candidate.name
      }
      if next.isAccepted { break }
    }
    guard let report else { return }
    if report.isUnsound { otherLayouts = candidates.map(\.name).filter { $0 != layout } }
    refusals = report.refusals.filter { $0.missing == nil }
    // What the driver would have to be given another value of.
    refusals += report.rewrites.filter(\.rule.isRequired).map {
      .init(field: $0.field, found: $0.old, needed: $0.new)
    }
    isUnsound = report.isUnsound
    unchecked = report.unchecked
    unchecked += report.refusals.compactMap { refusal in
      refusal.missing.map { .init(fact: $0, subject: refusal.field) }
    }
  }

  /// Notes if only the driver's name, or a length, speaks for the layout.
  private mutating func noteGuess(_ named: Layout?, by facts: DeviceFacts) {
    guard named == nil, facts.layouts == nil, !isUnsound else { return }
    unchecked.append(.init(fact: "a mark in its content", subject: "that it is \(layout ?? "")"))
  }

  /// The layouts of a state whose content names none: those of its driver, or of the target's, that
  /// the target takes if that is known.
  private static func layouts(of driver: String?, for facts: DeviceFacts) -> [Layout] {
    let named = Layout.shipped(of: driver ?? facts.driver)
    guard let taken = facts.layouts else { return named }
    let both = named.filter { taken.contains($0.name) }
    if !both.isEmpty { return both }
    return named.isEmpty && driver == nil ? taken.compactMap { Layout.named($0) } : named
  }

  /// Has a device say of the state what facts leave open.
  private mutating func ask<State: StateSource>(
    _ device: any MigratableDevice, about state: State
  ) throws(State.Failure) {
    let isWhole = beginningByteCount == nil
    guard !unchecked.isEmpty || !isWhole, let device = device as? any FactualDevice else { return }
    unchecked = []
    guard let error = try device.refusal(of: state, isWhole: isWhole) else { return }
    let meaning = error.explanation(driver: device.facts.driver).map { ": \($0)" } ?? ""
    refusals = [
      .init(
        field: "", found: "one that the device refuses, \(error)\(meaning)",
        needed: "one that it takes")
    ]
  }

  private mutating func findRemedies<State: StateSource>(
    for state: State, of introduction: DeviceIntroduction, from source: DeviceFacts,
    by facts: DeviceFacts, _ target: ReplayTarget
  ) throws(State.Failure) {
    guard let layout = layout.flatMap({ Layout.named($0) }) else { return }
    for name in facts.layouts?.reversed() ?? [layout.name] {
      guard Translator.translation(from: layout.name, to: name) != nil,
        let wanted = Layout.named(name)
      else { continue }
      var translator = Translator(for: facts)
      translator.source = source
      // What the facts leave open, a device that can tell is asked.
      let taker = target.device as? any FactualDevice
      translator.asksTarget = taker != nil
      let records = RecordTranslation(for: facts, profile: target.profile)
      for _ in 0..<2 {
        let translated: TranslatedDevice<State>
        do throws(TranslationError<State.Failure>) {
          translated = try TranslatedDevice(
            introduction, state: state, from: layout, to: wanted, by: translator, records: records)
        } catch {
          guard case .source(let cause) = error else { break }
          throw cause
        }
        let report = translated.outcome.report
        if report.isAccepted {
          if !report.unchecked.isEmpty, let taker, let result = translated.outcome.state,
            try taker.refusal(of: PayloadSource(result, over: state)) != nil
          {
            break
          }
          remedies.append(
            Remedy(
              layout: name,
              losses: translator.allowed.sorted { $0.rawValue < $1.rawValue },
              introduction: translated.introduction))
          break
        }
        let losses = report.refusals.map(\.loss)
        guard !losses.contains(nil) else { break }
        translator.allowed = Set(losses.compactMap(\.self))
      }
    }
  }
}
