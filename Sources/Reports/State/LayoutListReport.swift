public import ByteIO
public import StateLayout

/// The layouts that are known (`ferry layout list`); the JSON is `schemas/layout-list.schema.json`.
public struct LayoutListReport: Report {
  /// The layouts.
  public let layouts: [Layout]

  /// A report on `layouts`, those that ship with Ferry unless others are given.
  public init(_ layouts: [Layout] = Layout.shipped) { self.layouts = layouts }

  /// A line for each layout: its name and its title.
  public var text: String {
    let width = layouts.map(\.name.count).max() ?? 0
    return layouts.map { "\($0.name.padded(to: width + 2))\($0.title)" }.joined(separator: "\n")
  }

  /// The `layouts` with their names, ids, titles and drivers.
  public var json: JSONValue {
    [
      "layouts": .array(
        layouts.map { layout in
          [
            "name": .string(layout.name), "id": .string(layout.id),
            "title": .string(layout.title),
            "documentation": layout.documentation.map { .string($0) },
            "drivers": .strings(layout.drivers),
          ]
        })
    ]
  }
}
