public import ByteIO
public import PCIConfig

/// What `ferry pci diff` prints; the JSON is `schemas/pci-diff.schema.json`.
extension ConfigSpaceComparison: Report {
  /// A line for each difference; empty if there is none.
  public var text: String { differences.map(\.description).joined(separator: "\n") }

  /// The differences.
  public var json: JSONValue {
    .array(
      differences.map { difference in
        [
          "capability": .string(difference.capability), "field": .string(difference.field),
          "offset": .optional(difference.offset), "first": .string(difference.first),
          "second": .string(difference.second),
        ]
      })
  }
}
