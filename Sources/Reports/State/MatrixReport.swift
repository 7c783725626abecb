public import ByteIO
public import EmulatedDevices
import StateTranslation

/// Which emulated devices take which others' state (`ferry matrix`); the JSON is
/// `schemas/matrix.schema.json`.
public struct MatrixReport: Report {
  /// The matrix that was run.
  public let matrix: TranslationMatrix

  /// A report on `matrix`.
  public init(_ matrix: TranslationMatrix) { self.matrix = matrix }

  private typealias Cell = TranslationMatrix.Cell

  private var devices: [String] { matrix.devices }

  /// The devices, the table, and the reasons within each family.
  public var text: String {
    let names = devices.indices.map { "\(number($0)) \(family($0))" }
    let width = names.map(\.utf8.count).max() ?? 0
    var lines = devices.indices.map { "\(number($0)) \(devices[$0])" }
    lines += [
      "",
      "source \\ target".padded(to: max(width, 15))
        + devices.indices.map { " " + number($0) }.joined(),
    ]
    for (index, name) in names.enumerated() {
      let row = matrix.cells.filter { $0.source == index }.sorted { $0.target < $1.target }
      lines.append(
        name.padded(to: max(width, 15)) + row.map { "  \($0.verdict.symbol)" }.joined())
    }
    lines += [
      "", "= taken as it is", "T taken after a translation", ". refused",
      "! not noticed by the driver, and refused by the translation", "",
    ]
    for cell in matrix.cells where isWithinFamily(cell) { lines += reasons(of: cell) }
    let others = matrix.cells.filter { !isWithinFamily($0) }
    let taken = others.count { $0.report.isAccepted }
    lines.append("between families: \(others.count - taken) of \(others.count) refused")
    return lines.joined(separator: "\n")
  }

  private func reasons(of cell: Cell) -> [String] {
    let title =
      "\(cell.verdict.symbol) \(cell.source + 1) -> \(cell.target + 1) (\(family(cell.source)))"
    let direct = "    as it is: \(cell.direct.map { "\($0)" } ?? "taken")"
    switch cell.verdict {
    case .accepted where cell.report.rewrites.isEmpty: return []
    case .accepted, .translated:
      let fields = Set(cell.report.rewrites.map(\.field)).sorted().joined(separator: ", ")
      return [title, direct, "    \(cell.report.source) to \(cell.report.target): \(fields)"]
    case .unnoticed, .refused:
      var lines = [title, direct]
      lines += cell.report.refusals.prefix(Self.reasonLimit).map {
        "    \($0.field): found \($0.found); needed \($0.needed)"
      }
      let more = cell.report.refusals.count - Self.reasonLimit
      if more > 0 { lines.append("    and \(more) more") }
      if let answer = cell.translated { lines.append("    translated: \(answer)") }
      return lines
    }
  }

  // What a page has room for; the JSON has all.
  private static var reasonLimit: Int { 3 }

  private func isWithinFamily(_ cell: Cell) -> Bool { family(cell.source) == family(cell.target) }

  /// What stands between the scheme and the parameters of a device's name.
  private func family(_ device: Int) -> Substring {
    devices[device].prefix { $0 != "?" }.drop { $0 != ":" }.dropFirst()
  }

  private func number(_ device: Int) -> String { (device < 9 ? " " : "") + "\(device + 1)" }

  /// The `devices`, and a cell for each source and target.
  public var json: JSONValue {
    [
      "devices": .strings(devices),
      "cells": .array(matrix.cells.map { json(of: $0) }),
    ]
  }

  private func json(of cell: Cell) -> JSONValue {
    [
      "source": .string(devices[cell.source]), "target": .string(devices[cell.target]),
      "verdict": .string(cell.verdict.rawValue), "from": .string(cell.report.source),
      "to": .string(cell.report.target),
      // What the driver answered, if it did not take it, to the state as it was; then translated.
      "direct": cell.direct.map { .string("\($0)") },
      "rewrites": .strings(Set(cell.report.rewrites.map(\.field)).sorted()),
      "refusals": .array(
        cell.report.refusals.map {
          ["field": .string($0.field), "found": .string($0.found), "needed": .string($0.needed)]
        }),
      "translated": cell.translated.map { .string("\($0)") },
    ]
  }
}

extension TranslationMatrix.Verdict {
  /// One character, for the table.
  fileprivate var symbol: Character {
    switch self {
    case .accepted: "="
    case .translated: "T"
    case .unnoticed: "!"
    case .refused: "."
    }
  }
}
