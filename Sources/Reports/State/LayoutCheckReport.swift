public import ByteIO
public import StateLayout

/// A file that can be used as a layout (`ferry layout check`); the JSON is
/// `schemas/layout-check.schema.json`.
public struct LayoutCheckReport: Report {
  /// The file as the user named it.
  public let file: String
  /// The layout in it.
  public let layout: Layout

  /// A report on `layout`, which was read from `file`.
  public init(_ layout: Layout, file: String) {
    self.file = file
    self.layout = layout
  }

  /// Whether a layout that ships with Ferry has the same name.
  private var isNameTaken: Bool { Layout.named(layout.name) != nil }

  /// The layout's name and title, and below them how it is told.
  public var text: String {
    let drivers =
      layout.drivers.isEmpty ? "none" : layout.drivers.joined(separator: ", ")
    var lines = [
      "\(file): the layout \(layout.name), \(QuantityText.count(layout.typeCount, "type")): \(layout.title)",
      "  drivers  \(drivers)",
      "  told by  \(layout.tellsContent ? "content" : "its driver, or --layout")",
    ]
    if isNameTaken { lines.append("  note     a layout of this name ships with ferry") }
    return lines.map(TerminalText.text).joined(separator: "\n")
  }

  /// What the text says.
  public var json: JSONValue {
    [
      "name": .string(layout.name), "id": .string(layout.id), "title": .string(layout.title),
      "drivers": .strings(layout.drivers), "typeCount": .number(layout.typeCount),
      "tellsContent": .bool(layout.tellsContent), "nameTaken": .bool(isNameTaken),
    ]
  }
}
