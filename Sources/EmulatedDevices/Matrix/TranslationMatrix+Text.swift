import ByteIO
import StateLayout
import StateTranslation

extension TranslationMatrix {
  /// The devices, the table, and the reasons within each family.
  public var text: String {
    let names = devices.indices.map { "\(number($0)) \(family($0))" }
    let width = names.map(\.utf8.count).max() ?? 0
    var lines = devices.indices.map { "\(number($0)) \(devices[$0])" }
    lines += [
      "",
      padded("source \\ target", to: max(width, 15))
        + devices.indices.map { " " + number($0) }.joined(),
    ]
    for (index, name) in names.enumerated() {
      let row = cells.filter { $0.source == index }.sorted { $0.target < $1.target }
      lines.append(
        padded(name, to: max(width, 15)) + row.map { "  \($0.verdict.symbol)" }.joined())
    }
    lines += [
      "", "= taken as it is", "T taken after a translation", ". refused",
      "! not noticed by the driver, and refused by the translation", "",
    ]
    for cell in cells where isWithinFamily(cell) { lines += reasons(of: cell) }
    let others = cells.filter { !isWithinFamily($0) }
    let taken = others.count { $0.report.isAccepted }
    lines.append("between families: \(others.count - taken) of \(others.count) refused")
    return lines.joined(separator: "\n") + "\n"
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

  private func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.utf8.count))
  }
}

extension TranslationMatrix.Verdict {
  /// One character, for the table.
  var symbol: Character {
    switch self {
    case .accepted: "="
    case .translated: "T"
    case .unnoticed: "!"
    case .refused: "."
    }
  }
}
