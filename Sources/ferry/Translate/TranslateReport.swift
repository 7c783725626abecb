import StateLayout
import StateTranslation

/// What `ferry translate` says; with `--json` in the shape of `schemas/translate.schema.json`.
struct TranslateReport: Encodable {
  struct Rewrite: Encodable {
    var field: String
    var old: String
    var new: String
    var rule: String
    var source: String
  }
  struct Refusal: Encodable {
    var field: String
    var found: String
    var needed: String
    var allow: String?
  }
  struct Loss: Encodable {
    var name: String
    var field: String
    var lost: String
  }
  struct Unchecked: Encodable {
    var fact: String
    var subject: String
  }
  struct Device: Encodable {
    var device: UInt16?
    var from: String
    var to: String
    var accepted: Bool
    var byteCount: UInt64?
    var rewrites: [Rewrite]
    var refusals: [Refusal]
    var losses: [Loss]
    var unchecked: [Unchecked]
    var more: Int
  }

  var accepted: Bool
  var devices: [Device]

  init(_ outcomes: [(number: UInt16?, outcome: Translator.Outcome)]) {
    accepted = outcomes.allSatisfy(\.outcome.report.isAccepted)
    devices = outcomes.map { Device($0.number, $0.outcome) }
  }

  /// The report for a person; what was rewritten is listed with `isFull`.
  func lines(_ name: String, isFull: Bool) -> [String] {
    devices.flatMap { device -> [String] in
      let title = name + (device.device.map { "#\($0)" } ?? "") + ": \(device.from) to \(device.to)"
      let count = Printable.count(device.rewrites.count, "rewrite")
      var lines = [
        device.accepted ? "\(title): \(count)" : "\(title): refused"
      ]
      lines += device.refusals.map { refusal in
        let way = refusal.allow.map { "; --allow \($0) accepts that" } ?? ""
        let field = refusal.field.isEmpty ? "state" : refusal.field
        return "  refused: \(field): found \(refusal.found); needed \(refusal.needed)\(way)"
      }
      lines += device.losses.map { "  lost (--allow \($0.name)): \($0.field): \($0.lost)" }
      if isFull {
        lines += device.rewrites.map {
          "  \($0.field): \($0.old) -> \($0.new)\n      \($0.rule) (\($0.source))"
        }
      }
      if isFull || !device.accepted {
        lines += device.unchecked.map { "  not checked: \($0.subject); \($0.fact) is not known" }
      } else if !device.unchecked.isEmpty {
        let facts = Set(device.unchecked.map(\.fact)).sorted().joined(separator: ", ")
        lines.append("  not checked, since not known: \(facts)")
      }
      if device.more > 0 { lines.append("  and \(device.more) more") }
      return lines.map(Printable.lines)
    }
  }
}

extension TranslateReport.Device {
  fileprivate init(_ number: UInt16?, _ outcome: Translator.Outcome) {
    let report = outcome.report
    self.init(
      device: number, from: report.source, to: report.target, accepted: report.isAccepted,
      byteCount: report.isAccepted ? outcome.state?.byteCount : nil,
      rewrites: report.rewrites.map {
        .init(
          field: $0.field, old: $0.old, new: $0.new, rule: $0.rule.text, source: $0.rule.source)
      },
      refusals: report.refusals.map {
        .init(field: $0.field, found: $0.found, needed: $0.needed, allow: $0.loss?.rawValue)
      },
      losses: report.losses.map { .init(name: $0.loss.rawValue, field: $0.field, lost: $0.lost) },
      unchecked: report.unchecked.map { .init(fact: $0.fact, subject: $0.subject) },
      more: report.moreCount)
  }
}
