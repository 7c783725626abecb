import StateLayout

/// Two states of one device held against each other: by the fields of their layout if it is known,
/// else by their bytes.
struct StateComparison {
  /// What differs, in words; nil if nothing does.
  let difference: String?

  init(_ one: [UInt8], _ other: [UInt8], driver: String?) {
    guard one != other else {
      difference = nil
      return
    }
    let detected = Layout.detect(
      prefix: Array(one.prefix(1024)), byteCount: UInt64(one.count), driver: driver)
    guard let layout = detected.best?.layout else {
      difference = Self.bytes(one, other)
      return
    }
    let (left, right) = (Self.leaves(one, layout), Self.leaves(other, layout))
    let names = Set(left.keys).union(right.keys).filter { left[$0] != right[$0] }.sorted()
    guard let first = names.first else {
      difference = nil
      return
    }
    difference =
      "\(first)\(names.count > 1 ? " and \(names.count - 1) more fields" : "") of \(layout.name) "
      + "differ; \(Self.bytes(one, other))"
  }

  private static func bytes(_ one: [UInt8], _ other: [UInt8]) -> String {
    let place = zip(one, other).enumerated().first { $1.0 != $1.1 }?.offset
    if one.count != other.count {
      return "\(one.count) bytes and \(other.count), alike up to "
        + "\(place ?? min(one.count, other.count))"
    }
    return "the bytes differ from \(place ?? 0) on"
  }

  /// The bytes of each field that has no fields within it, by its path.
  private static func leaves(_ bytes: [UInt8], _ layout: Layout) -> [String: ArraySlice<UInt8>] {
    var found: [String: ArraySlice<UInt8>] = [:]
    func visit(_ node: LayoutNode, _ path: String) {
      let (fields, items) = (node.fields, node.items)
      for field in fields { visit(field, path.isEmpty ? field.name : "\(path).\(field.name)") }
      for (index, item) in items.enumerated() { visit(item, "\(path)[\(index)]") }
      guard fields.isEmpty, items.isEmpty, let range = node.range else { return }
      found[path] = bytes[Int(range.lowerBound)..<Int(range.upperBound)]
    }
    visit(layout.dissect(bytes).root, "")
    return found
  }
}
