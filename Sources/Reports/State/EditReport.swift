public import ByteIO
public import StateLayout

/// The fields that an edit has changed (`ferry edit`); the JSON is `schemas/edit.schema.json`.
public struct EditReport: Report {
  /// The changes, those that followed from others among them.
  public let changes: FieldComparison
  /// The state's name, the title of the text.
  public let name: String

  /// A report on the changes of the state that the user called `name`.
  public init(_ changes: FieldComparison, name: String) {
    self.changes = changes
    self.name = name
  }

  /// The number of changes, and a line for each: `ports[0].count: 0 | 16`.
  public var text: String {
    let count = QuantityText.count(changes.count, "field")
    let title =
      "\(TerminalText.text(name)): \(count) changed, by the layout "
      + TerminalText.text(changes.layout.name)
    return ([title] + changes.lines.map { "  \(TerminalText.text($0))" }).joined(separator: "\n")
  }

  /// The layout, and the changed `fields` with their values before (`left`) and after (`right`).
  public var json: JSONValue { changes.json }
}
