public import ByteIO
import Handover
public import Migration
import StateLayout
public import StateTranslation

/// What a translation did or refused (`ferry translate`); the JSON is
/// `schemas/translate.schema.json`.
public struct TranslateReport: Report {
  /// A state, and what became of it.
  public struct Device: Sendable {
    /// The number of the stream's device; nil if the state is no stream's.
    public let number: UInt16?
    /// What the translator says of it.
    public let report: TranslationReport
    /// What the target has against the translated device; nil if it is not at hand.
    public let compatibility: CompatibilityReport?
    /// The bytes of the translated state; nil if it was refused.
    public let byteCount: UInt64?

    /// The device with this number and the `outcome` of its translation, and what its target has
    /// against the result.
    public init(
      number: UInt16?, _ outcome: Translator.Outcome, _ compatibility: CompatibilityReport? = nil
    ) {
      self.number = number
      report = outcome.report
      self.compatibility = compatibility
      byteCount = report.isAccepted ? outcome.state?.byteCount : nil
    }

    /// A state that was translated while a relay passed it on.
    init(_ outcome: RelayedTranslation.Outcome) {
      number = nil
      report = outcome.report
      compatibility = nil
      byteCount = report.isAccepted ? outcome.byteCount : nil
    }

    /// Whether nothing stands in the way.
    public var isAccepted: Bool { report.isAccepted && compatibility?.isCompatible ?? true }

    /// What a replay of the translated device would be told.
    public var verdict: CompatibilityReport.Verdict {
      // A target that is not at hand cannot be asked what facts leave open.
      report.isAccepted ? compatibility?.verdict ?? .unchecked : .cannot
    }

    /// What the target has against the result, but for what the translation said already.
    fileprivate var findings: [CompatibilityReport.Finding] {
      (compatibility?.findings ?? []).filter { finding in
        if finding.isUncheckedState { return !report.isUnchecked(finding) }
        return finding.subject != "PCI ids"
          || !report.refusals.contains { $0.field == "identity.pci" || $0.field == "PCI ids" }
      }
    }

    /// What was not checked, and a target that is at hand could not say either.
    fileprivate var unchecked: [TranslationReport.Unchecked] {
      guard report.isAccepted, let compatibility else { return report.unchecked }
      return report.unchecked.filter { unchecked in
        compatibility.findings.contains {
          $0.isUncheckedState && $0.subject == unchecked.subject && $0.wanted == unchecked.fact
        }
      }
    }
  }

  /// The input's name, the title of the text.
  public let name: String
  /// The states that were to be translated.
  public let devices: [Device]
  /// Whether the text lists every rewrite, and each thing that was not checked.
  public let listsRewrites: Bool

  /// A report on the translation of `devices`.
  public init(_ devices: [Device], name: String, listsRewrites: Bool = false) {
    self.devices = devices
    self.name = name
    self.listsRewrites = listsRewrites
  }

  /// Whether all that was asked for can be had.
  public var isAccepted: Bool { devices.allSatisfy(\.isAccepted) }

  /// The worst answer for a device.
  public var verdict: CompatibilityReport.Verdict {
    let verdicts = Set(devices.map(\.verdict))
    return [.cannot, .unknown, .unchecked].first(where: verdicts.contains) ?? .can
  }

  /// A line for each state, and below it why it was refused or how it was rewritten.
  public var text: String {
    devices.flatMap { lines($0) }.map(TerminalText.lines).joined(separator: "\n")
  }

  private func lines(_ device: Device) -> [String] {
    let report = device.report
    let title =
      name + (device.number.map { "#\($0)" } ?? "") + ": \(report.source) to \(report.target)"
    let count = QuantityText.count(report.rewrites.count, "rewrite")
    var lines = [device.isAccepted ? "\(title): \(count)" : "\(title): refused"]
    lines += report.refusals.map { refusal in
      let way = refusal.loss.map { "; --allow \($0.rawValue) accepts that" } ?? ""
      let field = refusal.field.isEmpty ? "state" : refusal.field
      return "  refused: \(field): found \(refusal.found); needed \(refusal.needed)\(way)"
    }
    lines += device.findings.compactMap { finding in
      let text = finding.text
      switch finding.severity {
      case .incompatible: return "  refused: \(text)"
      case .unknown: return "  unknown: \(text)"
      case .unchecked: return "  not checked: \(text)"
      case .note: return listsRewrites ? "  note: \(text)" : nil
      }
    }
    lines += report.losses.map { "  lost (--allow \($0.loss.rawValue)): \($0.field): \($0.lost)" }
    if listsRewrites {
      lines += report.rewrites.map {
        "  \($0.field): \($0.old) -> \($0.new)\n      \($0.rule.text) (\($0.rule.source))"
      }
    }
    if listsRewrites || !device.isAccepted {
      lines += device.unchecked.map { "  not checked: \($0.subject); \($0.fact) is not known" }
    } else if !device.unchecked.isEmpty {
      let facts = Set(device.unchecked.map(\.fact)).sorted().joined(separator: ", ")
      lines.append("  not checked, since not known: \(facts)")
    }
    if report.moreCount > 0 { lines.append("  and \(report.moreCount) more") }
    return lines
  }

  /// Whether all is `accepted`, and for each state its rewrites, refusals and losses.
  public var json: JSONValue {
    [
      "accepted": .bool(isAccepted), "verdict": .string(verdict.rawValue),
      "devices": .array(devices.map(\.json)),
    ]
  }
}

extension CompatibilityReport.Finding {
  /// Whether it says of the state what was not checked.
  fileprivate var isUncheckedState: Bool { side == .stream && severity == .unchecked }
}

extension TranslationReport {
  /// Whether the translation left the same open.
  fileprivate func isUnchecked(_ finding: CompatibilityReport.Finding) -> Bool {
    unchecked.contains { $0.subject == finding.subject && $0.fact == finding.wanted }
  }
}

extension TranslateReport.Device {
  fileprivate var json: JSONValue {
    report.json(
      device: number, isAccepted: isAccepted, byteCount: byteCount, unchecked: unchecked,
      findings: findings.map(\.json))
  }
}
