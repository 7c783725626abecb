public import StateLayout

/// Translates states for one target.
public struct Translator: Sendable {
  /// The known facts of the device that the states were taken from.
  public var source = DeviceFacts()
  /// The known facts of the device that is to take them.
  public var target: DeviceFacts
  /// The losses that are accepted.
  public var allowed: Set<TranslationLoss> = []
  /// Whether the target itself is asked about the result: then a missing fact of the source is
  /// noted as not checked, and refuses nothing.
  public var asksTarget = false
  /// Whether bytes that mean nothing by the layout become zeros.
  public var scrubs = false

  private static let scrubbingRule = TranslationRule(
    "no driver reads them, and they may be of anybody's memory", source: "the layout",
    isRequired: false)

  /// A translator for a device with these facts, which accepts no loss.
  public init(for target: DeviceFacts) { self.target = target }

  /// The result for one state.
  public struct Outcome: Sendable {
    /// All rewrites, refusals, losses and missing checks.
    public var report: TranslationReport
    /// The state in the layout that was asked for, with opaque parts as ranges of the source; nil
    /// if it was refused.
    public let state: Payload?
  }

  /// Translates a state. It reads only what the layout describes, and throws only what the source
  /// does.
  ///
  /// The result was dissected again by its own layout, which found no error in it.
  public func translate<Source: StateSource>(
    _ state: Source, from layout: Layout, to wanted: Layout
  ) throws(Source.Failure) -> Outcome {
    var run = TranslationRun(
      source: source, target: target, allowed: allowed, asksTarget: asksTarget,
      report: TranslationReport(source: layout.name, target: wanted.name))
    guard let translation = Self.translation(from: layout.name, to: wanted.name) else {
      let sources = Self.sources(of: wanted.name)
      run.refuse(
        "layout", found: layout.name,
        needed: sources.isEmpty
          ? "another target, for no layout can be translated to \(wanted.name)"
          : "a layout that can be translated to \(wanted.name): \(sources.joined(separator: ", "))")
      return Outcome(report: run.report, state: nil)
    }
    run.matchLayout(wanted)
    // To some layouts a state of nothing is a list without records.
    guard state.byteCount > 0 else {
      run.report.isUnsound = true
      run.refuse("", found: "no bytes", needed: "a state of the layout \(layout.name)")
      return Outcome(report: run.report, state: nil)
    }
    let tree = try layout.dissect(state, accepting: translation.mends)
    run.report.isUnsound = !tree.isSound
    run.refuse(tree.findings, of: layout)
    if layout.name != wanted.name, tree.root.hasRemainder {
      run.refuse(remaindersOf: tree.root, at: "")
    }
    guard run.report.isAccepted else { return Outcome(report: run.report, state: nil) }
    let result: Payload
    do throws(LayoutError) {
      var translated = try translation.translate(tree, to: wanted, &run)
      guard run.report.isAccepted else { return Outcome(report: run.report, state: nil) }
      if scrubs {
        for path in try translated.scrub() {
          run.rewrite(path, from: "bytes that mean nothing", to: "zeros", Self.scrubbingRule)
        }
      }
      result = try translated.encode()
    } catch {
      let field = if case .field(let path) = error.place { path } else { "" }
      run.refuse(field, found: error.message, needed: "a state that can be written")
      return Outcome(report: run.report, state: nil)
    }
    run.refuse(try wanted.dissect(PayloadSource(result, over: state)).findings, of: wanted)
    return Outcome(report: run.report, state: run.report.isAccepted ? result : nil)
  }

  /// Translates a state of which `layout` may be nil: then its content tells it, or the driver that
  /// handed it out. If that is a guess, the report says that nothing in the content was checked.
  public func translate<Source: StateSource>(
    _ state: Source, from layout: Layout?, of driver: String?, to wanted: Layout
  ) throws(TranslationError<Source.Failure>) -> Outcome {
    var candidates: [LayoutDetection.Candidate] = []
    do throws(Source.Failure) {
      if let layout { return try translate(state, from: layout, to: wanted) }
      let detection = try Layout.detect(state, driver: driver)
      let named = Layout.shipped(of: driver)
      if let layout = detection.best?.layout ?? (named.count == 1 ? named[0] : nil) {
        var outcome = try translate(state, from: layout, to: wanted)
        if detection.best?.certainty == .possible {
          outcome.report.noteUnknown("a mark in its content", for: "that it is \(layout.name)")
        }
        return outcome
      }
      candidates = detection.candidates
    } catch {
      throw .source(error)
    }
    throw .unknownLayout(candidates)
  }

  /// What its first bytes say against giving a state to the target as it is, whatever comes behind
  /// them.
  public func check(beginning bytes: [UInt8], of layout: Layout) -> TranslationReport {
    var run = TranslationRun(
      source: source, target: target, allowed: [], asksTarget: asksTarget,
      report: TranslationReport(source: layout.name, target: layout.name))
    run.matchLayout(layout)
    let mends = Self.translation(from: layout.name, to: layout.name)?.mends ?? []
    let errors = layout.errors(inBeginning: bytes, accepting: mends)
    run.report.isUnsound = !errors.isEmpty
    run.refuse(errors, of: layout)
    return run.report
  }

  /// Translates a state in memory.
  public func translate(_ state: [UInt8], from layout: Layout, to wanted: Layout) -> Outcome {
    translate(StateBytes(state), from: layout, to: wanted)
  }
}

/// Why a state could not even be looked at.
public enum TranslationError<SourceFailure: Error>: Error {
  /// It could not be read.
  case source(SourceFailure)
  /// Neither its content nor its driver tells which layout it has; these are possible.
  case unknownLayout([LayoutDetection.Candidate])
}

extension LayoutNode {
  /// Whether there are bytes in it that its layout does not describe.
  fileprivate var hasRemainder: Bool {
    origin == .remainder || fields.contains(where: \.hasRemainder)
      || items.contains(where: \.hasRemainder)
  }
}

extension TranslationRun {
  /// Refuses bytes that a state's layout does not describe, for another layout has no place for
  /// them.
  fileprivate mutating func refuse(remaindersOf node: LayoutNode, at path: String) {
    if node.origin == .remainder {
      return refuse(
        path,
        found: "\(node.payload?.byteCount ?? 0) bytes that \(report.source) does not describe",
        needed: "none, since \(report.target) has no place for them")
    }
    for field in node.fields {
      refuse(remaindersOf: field, at: path.isEmpty ? field.name : "\(path).\(field.name)")
    }
    for (index, item) in node.items.enumerated() {
      refuse(remaindersOf: item, at: "\(path)[\(index)]")
    }
  }

  /// Refuses a layout that the target does not take, if it is known what it takes.
  fileprivate mutating func matchLayout(_ wanted: Layout) {
    guard
      let layouts = known(target.layouts, "layouts", for: "that the target takes \(wanted.name)"),
      !layouts.contains(wanted.name)
    else { return }
    refuse(
      "layout", found: wanted.name,
      needed: "one that the target takes: \(layouts.joined(separator: ", "))")
  }

  /// Refuses what a state's own layout calls unsound.
  fileprivate mutating func refuse(_ findings: [LayoutFinding], of layout: Layout) {
    for finding in findings where finding.severity == .error {
      if let (expected, found) = finding.expectation {
        refuse(finding.path, found: found, needed: expected)
      } else {
        refuse(finding.path, found: finding.message, needed: "a sound \(layout.name) state")
      }
    }
  }
}
