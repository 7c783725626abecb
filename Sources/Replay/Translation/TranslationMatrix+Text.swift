import ByteIO
import StateLayout

extension TranslationMatrix {
  /// The table, with the reasons within each family beneath it.
  public var text: String {
    let names = devices.map(Self.short)
    let width = names.map(\.utf8.count).max() ?? 0
    let pad = { (text: String, width: Int) in
      text + String(repeating: " ", count: max(0, width - text.utf8.count))
    }
    let number = { (index: Int) in
      index < 9 ? " \(index + 1)" : "\(index + 1)"
    }
    var lines = [
      pad("source \\ target", width + 4) + devices.indices.map { " " + number($0) }.joined()
    ]
    for (index, name) in names.enumerated() {
      let row = cells.filter { $0.source == index }.sorted { $0.target < $1.target }
      lines.append(
        "\(number(index)) \(pad(name, width)) "
          + row.map { "  \($0.verdict.symbol)" }.joined())
    }
    lines += ["", "= taken as it is   T taken after a translation   . refused", ""]
    for cell in cells where isWithinFamily(cell) { lines += reasons(of: cell) }
    let others = cells.filter { !isWithinFamily($0) }
    lines.append(
      "between families: \(others.count { $0.verdict == .refused }) of \(others.count) refused; no "
        + "translation leads from one to another")
    return lines.joined(separator: "\n") + "\n"
  }

  private func isWithinFamily(_ cell: Cell) -> Bool {
    Self.family(devices[cell.source]) == Self.family(devices[cell.target])
  }

  private func reasons(of cell: Cell) -> [String] {
    let title = "\(Self.short(devices[cell.source])) -> \(Self.short(devices[cell.target]))"
    switch cell.verdict {
    case .accepted: return []
    case .translated:
      return [
        "T \(title)", "    as it is: \(cell.direct.map { "\($0)" } ?? "taken")",
        "    \(cell.report.source) to \(cell.report.target): "
          + Set(cell.report.rewrites.map(\.field)).sorted().joined(separator: ", "),
      ]
    case .refused:
      var lines = [". \(title)", "    as it is: \(cell.direct.map { "\($0)" } ?? "taken")"]
      lines += cell.report.refusals.prefix(4).map {
        "    \($0.field): found \($0.found); needed \($0.needed)"
      }
      if cell.report.refusals.count > 4 {
        lines.append("    and \(cell.report.refusals.count - 4) more reasons")
      }
      if let answer = cell.translated { lines.append("    translated: \(answer)") }
      return lines
    }
  }

  private static func short(_ name: String) -> String {
    name.hasPrefix("emulated:") ? String(name.dropFirst("emulated:".count)) : name
  }

  private static func family(_ name: String) -> Substring {
    name.prefix { $0 != "?" }
  }
}

extension TranslationMatrix.Verdict {
  /// One character, for the table.
  var symbol: Character {
    switch self {
    case .accepted: "="
    case .translated: "T"
    case .refused: "."
    }
  }
}
