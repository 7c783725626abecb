/// The way to a field: names and item numbers, as in `records[2].tag`.
struct LayoutPath {
  enum Step: Hashable {
    case name(String)
    case item(Int)
  }

  let steps: [Step]

  init(_ text: String) throws(LayoutError) {
    var steps: [Step] = []
    for part in text.split(separator: ".", omittingEmptySubsequences: false) where !text.isEmpty {
      let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
      guard let name = pieces.first, !name.isEmpty || steps.isEmpty && pieces.count > 1 else {
        throw LayoutError(.path, at: .field(text), "expected names between the points")
      }
      if !name.isEmpty { steps.append(.name(String(name))) }
      for piece in pieces.dropFirst() {
        guard piece.last == "]", let number = Int(piece.dropLast()), number >= 0 else {
          throw LayoutError(.path, at: .field(text), "expected a number in brackets")
        }
        steps.append(.item(number))
      }
    }
    self.steps = steps
  }
}

extension LayoutNode {
  /// The field at `path`, such as `records[2].tag`; nil where there is none.
  public subscript(path: String) -> LayoutNode? {
    guard let path = try? LayoutPath(path) else { return nil }
    return node(at: path.steps[...])
  }

  private func node(at steps: ArraySlice<LayoutPath.Step>) -> LayoutNode? {
    guard let step = steps.first else { return self }
    switch (step, content) {
    case (.name(let name), .record(let fields)):
      return fields.first { $0.name == name }?.node(at: steps.dropFirst())
    case (.item(let number), .list(let items)):
      if number < items.first.count { return items.first[number].node(at: steps.dropFirst()) }
      let behind = UInt64(number) - UInt64(items.first.count)
      guard behind >= items.elidedCount, behind - items.elidedCount < UInt64(items.last.count)
      else { return nil }
      return items.last[Int(behind - items.elidedCount)].node(at: steps.dropFirst())
    default: return nil
    }
  }

  /// Changes the field at `path`; throws where there is none.
  public mutating func update(
    _ path: String, _ change: (inout LayoutNode) throws(LayoutError) -> Void
  ) throws(LayoutError) {
    try update(try LayoutPath(path).steps[...], path, change)
  }

  private mutating func update(
    _ steps: ArraySlice<LayoutPath.Step>, _ path: String,
    _ change: (inout LayoutNode) throws(LayoutError) -> Void
  ) throws(LayoutError) {
    guard let step = steps.first else { return try change(&self) }
    // A change within does not make a whole of what was read short.
    let shortfall = shortfall
    defer { self.shortfall = shortfall }
    // Taken out and put back, so that an update copies no more than it changes.
    let old = content
    content = .integer(0)
    defer { if case .integer = content { content = old } }
    switch (step, old) {
    case (.name(let name), .record(var fields)):
      if let index = fields.firstIndex(where: { $0.name == name }) {
        try fields[index].update(steps.dropFirst(), path, change)
        content = .record(fields)
        return
      }
    case (.item(let number), .list(var items)):
      if number < items.first.count {
        try items.first[number].update(steps.dropFirst(), path, change)
        content = .list(items)
        return
      }
      let behind = UInt64(number) - UInt64(items.first.count)
      if behind >= items.elidedCount, behind - items.elidedCount < UInt64(items.last.count) {
        try items.last[Int(behind - items.elidedCount)].update(steps.dropFirst(), path, change)
        content = .list(items)
        return
      }
    default: break
    }
    throw LayoutError(.path, at: .field(path), "expected a field, found none")
  }

  /// Gives the integer at `path` another value; throws where there is no integer.
  public mutating func set(_ path: String, to value: some BinaryInteger) throws(LayoutError) {
    try update(path) { (node) throws(LayoutError) in
      guard case .integer = node.content else {
        throw LayoutError(.value, at: .field(path), "expected an integer, found another field")
      }
      node.content = .integer(Int128(value))
    }
  }

  /// Gives the bytes at `path` another content; throws where there are no bytes.
  public mutating func set(_ path: String, to payload: Payload) throws(LayoutError) {
    try update(path) { (node) throws(LayoutError) in
      guard case .bytes = node.content else {
        throw LayoutError(.value, at: .field(path), "expected bytes, found another field")
      }
      node.content = .bytes(payload)
    }
  }
}

extension LayoutPath {
  static func text(_ steps: [Step]) -> String {
    var text = ""
    for step in steps {
      switch step {
      case .name(let name): text += text.isEmpty ? name : ".\(name)"
      case .item(let number): text += "[\(number)]"
      }
    }
    return text
  }
}

extension LayoutNode {
  /// The name of a field for bytes that the layout does not describe.
  public static let remainderName = "_rest"
}
