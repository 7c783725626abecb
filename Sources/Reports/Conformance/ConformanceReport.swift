public import ByteIO
public import Conformance
import Devices

/// What a device's migration was found to be (`ferry conformance`); the JSON is
/// `schemas/conformance.schema.json`.
public struct ConformanceReport: Report {
  /// How a run was asked for.
  public struct Terms: Sendable, Hashable {
    /// What the operator calls the device.
    public var device: String
    /// What damage and pieces were drawn by.
    public var seed: UInt64
    /// Whether checks ran that may cost the device its state.
    public var allowsDestruction: Bool
    /// Whether what is advised fails the run too.
    public var isStrict: Bool
    /// Whether known quirks are excused, as of a model of a driver.
    public var excusesQuirks: Bool

    /// Terms of a run on `device`.
    public init(
      device: String, seed: UInt64, allowsDestruction: Bool, isStrict: Bool, excusesQuirks: Bool
    ) {
      self.device = device
      self.seed = seed
      self.allowsDestruction = allowsDestruction
      self.isStrict = isStrict
      self.excusesQuirks = excusesQuirks
    }
  }

  /// How the run was asked for.
  public let terms: Terms
  /// What each check came to, in their order.
  public let outcomes: [CheckOutcome]
  /// What the run came to beside.
  public let summary: ConformanceSummary

  /// A report on a run.
  public init(_ terms: Terms, _ outcomes: [CheckOutcome], _ summary: ConformanceSummary) {
    self.terms = terms
    self.outcomes = outcomes
    self.summary = summary
  }

  /// The names of the checks that the run fails by.
  public var failures: [String] {
    outcomes.filter {
      $0.failsRun(strict: terms.isStrict, excusingQuirks: terms.excusesQuirks)
    }.map(\.check.name)
  }

  /// Whether no check came to an answer, so that the run says nothing of the device.
  public var isEmpty: Bool {
    outcomes.allSatisfy {
      switch $0.result {
      case .notApplicable, .notRun: true
      case .passed, .failed: false
      }
    }
  }

  var checks: [CheckOutcomeReport] {
    outcomes.map { CheckOutcomeReport($0, excusesQuirks: terms.excusesQuirks) }
  }

  private static let words = ["passed", "failed", "noted", "known", "not applicable", "not run"]

  private var counts: [(word: String, count: Int)] {
    let checks = checks
    return Self.words.map { word in (word, checks.count { $0.word == word }) }
  }

  /// The device, each check, the numbers, and how the device was left.
  public var text: String {
    var title = terms.device
    if let driver = summary.driver { title += " (\(driver))" }
    title += ": \(summary.abilities)"
    if let count = summary.stateByteCount {
      title += "; \(QuantityText.bytes(UInt64(count))) of state"
    }
    var lines = ["\(title); seed \(terms.seed)"]
    lines += checks.map(\.text)
    lines.append(
      counts.filter { $0.count > 0 || $0.word == "failed" }.map { "\($0.count) \($0.word)" }
        .joined(separator: ", "))
    if isEmpty { lines.append("no check could be run, so this says nothing of the device") }
    if let log = summary.kernelLog { lines.append("the kernel's log \(log.text)") }
    lines.append("the device \(summary.leaving.text)")
    return lines.joined(separator: "\n")
  }

  /// The terms, the device, each check as its own report has it, the numbers, and how the device
  /// was left.
  public var json: JSONValue {
    [
      "device": .string(terms.device), "driver": summary.driver.map { .string($0) },
      "abilities": .strings(
        summary.abilities.isEmpty
          ? [] : summary.abilities.description.split(separator: ", ").map(String.init)),
      "stateBytes": summary.stateByteCount.map { .number($0) }, "seed": .number(terms.seed),
      "destructive": .bool(terms.allowsDestruction), "strict": .bool(terms.isStrict),
      "checks": .array(checks.map(\.json)),
      "counts": .object(counts.map { .init($0.word, .number($0.count)) }),
      "timeInStates": StateTimes(summary.timeInStates).json,
      "kernelLog": summary.kernelLog?.json, "left": summary.leaving.json,
    ]
  }
}

extension ConformanceSummary.KernelLogReading {
  fileprivate var text: String {
    switch self {
    case .read(0): "has no oops and no warning of the run"
    case .read(1): "has an oops or a warning of the run"
    case .read(let count): "has \(count) oopses and warnings of the run"
    case .unread(let reason): "was not read: \(reason)"
    }
  }

  fileprivate var json: JSONValue {
    switch self {
    case .read(let count): ["read": .bool(true), "complaints": .number(count)]
    case .unread(let reason): ["read": .bool(false), "reason": .string(reason)]
    }
  }
}

extension ConformanceSummary.Leaving {
  fileprivate var text: String {
    switch self {
    case .untouched: "was opened and asked what it can do, and nothing else"
    case .asFound: "runs, with the state that it was found with"
    case .changed(let reason): "runs, with another state than it was found with: \(reason)"
    case .lost(let reason): "no longer answers: \(reason)"
    }
  }

  fileprivate var json: JSONValue {
    switch self {
    case .untouched: ["device": .string("untouched")]
    case .asFound: ["device": .string("as-found")]
    case .changed(let reason): ["device": .string("changed"), "reason": .string(reason)]
    case .lost(let reason): ["device": .string("lost"), "reason": .string(reason)]
    }
  }
}
