extension Layout {
  /// Writes a record of the top-level type; see `LayoutTree.encode()`.
  public func encode(_ root: LayoutNode) throws(LayoutError) -> Payload {
    guard case .record(let fields) = root.content else {
      throw LayoutError(.value, at: .field(""), "expected a record, found another field")
    }
    var encoder = LayoutEncoder(definition)
    try encoder.requireWhole(root)
    return try encoder.run(fields)
  }
}
