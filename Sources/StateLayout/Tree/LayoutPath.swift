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
  /// The field at `path`, such as `records[2].tag`; nil if there is none.
  public subscript(path: String) -> LayoutNode? {
    let text = path.utf8Span.span
    var node = self
    var index = 0
    while index < text.count {
      let start = index
      let next: LayoutNode?
      if text[index] == UInt8(ascii: "[") {
        guard let end = text.firstIndex(of: UInt8(ascii: "]"), from: index),
          let number = text.number(start + 1..<end)
        else { return nil }
        next = node.item(number)
        index = end + 1
        // Brackets end what they are in.
        if index < text.count, text[index] != UInt8(ascii: "."), text[index] != UInt8(ascii: "[") {
          return nil
        }
      } else {
        while index < text.count, text[index] != UInt8(ascii: "."), text[index] != UInt8(ascii: "[")
        { index += 1 }
        next = node.field(named: text.extracting(start..<index))
      }
      guard let next else { return nil }
      node = next
      if index < text.count, text[index] == UInt8(ascii: ".") {
        index += 1
        guard index < text.count, text[index] != UInt8(ascii: "[") else { return nil }
      }
    }
    return node
  }

  private func field(named name: Span<UInt8>) -> LayoutNode? {
    fields.first { field in
      let other = field.name.utf8Span.span
      return other.count == name.count && name.indices.allSatisfy { name[$0] == other[$0] }
    }
  }

  private func item(_ number: Int) -> LayoutNode? {
    guard let items = list else { return nil }
    if number < items.first.count { return items.first[number] }
    let behind = UInt64(number) - UInt64(items.first.count)
    guard behind >= items.elidedCount, behind - items.elidedCount < UInt64(items.last.count)
    else { return nil }
    return items.last[Int(behind - items.elidedCount)]
  }

  /// Changes the field at `path`; throws if there is none.
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

  /// Sets the integer at `path`; throws `path` if there is no field, and `value` if it is no
  /// integer.
  public mutating func set(_ path: String, to value: some BinaryInteger) throws(LayoutError) {
    try update(path) { (node) throws(LayoutError) in
      guard case .integer = node.content else {
        throw LayoutError(.value, at: .field(path), "expected an integer, found another field")
      }
      node.content = .integer(Int128(value))
    }
  }

  /// Sets the bytes at `path`; throws `path` if there is no field, and `value` if it has no bytes.
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
  /// The path in words; `last` is one more name.
  static func text(_ steps: [Step], _ last: String? = nil) -> String {
    // Of a damaged state there are many; an interpolation takes memory of its own.
    var text = ""
    text.reserveCapacity(64)
    for step in steps {
      switch step {
      case .name(let name):
        if !text.isEmpty { text += "." }
        text += name
      case .item(let number):
        text += "["
        text += String(number)
        text += "]"
      }
    }
    if let last {
      if !text.isEmpty { text += "." }
      text += last
    }
    return text
  }
}

extension LayoutNode {
  /// The name of a field for bytes that the layout does not describe.
  public static let remainderName = "_rest"
}

extension Span<UInt8> {
  fileprivate func firstIndex(of byte: UInt8, from start: Int) -> Int? {
    var index = start
    while index < count {
      if self[index] == byte { return index }
      index += 1
    }
    return nil
  }

  /// The decimal number in a range; nil for what is none, or above what an index can be.
  fileprivate func number(_ range: Range<Int>) -> Int? {
    guard !range.isEmpty else { return nil }
    var number = 0
    for index in range {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self[index]) else { return nil }
      let (product, isTooHigh) = number.multipliedReportingOverflow(by: 10)
      let (sum, isAbove) = product.addingReportingOverflow(
        Int(self[index] - UInt8(ascii: "0")))
      guard !isTooHigh, !isAbove else { return nil }
      number = sum
    }
    return number
  }
}
