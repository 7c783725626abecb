/// The first pass: computes the length of everything, and from it the fields that measure lengths.
extension LayoutEncoder {
  /// Settles a structure at the current position and moves behind it.
  mutating func settle(
    _ index: Int, _ fields: [LayoutNode], streamStart: UInt64
  ) throws(LayoutError) -> [LayoutNode] {
    try enter(index, fields, streamStart: streamStart, streamEnd: nil)
    let type = layout.types[index]
    let level = evaluator.top
    for slot in type.fields.indices {
      let field = type.fields[slot]
      // An integer that is there has nothing to settle.
      if case .integer(let format) = field.kind, case .once = field.repetition,
        let node = evaluator[slot: slot, at: level], node.shortfall == nil
      {
        evaluator.position += UInt64(format.byteCount)
        continue
      }
      try inside(.name(field.name)) { (encoder) throws(LayoutError) in
        try encoder.settle(field, slot)
      }
    }
    let rest = fields.filter { $0.origin == .remainder }
    for node in rest { evaluator.position += node.payload?.byteCount ?? 0 }
    // Structures around may name computed fields of this one. If a field cannot be computed it is
    // left out, as in reading.
    for index in type.instances.indices where type.instances[index].value != nil {
      _ = try? evaluator.instanceNode(index, at: evaluator.top)
    }
    try requireNoneAwaited()
    return evaluator.leave(with: rest)
  }

  private mutating func settle(_ field: FieldDefinition, _ slot: Int) throws(LayoutError) {
    let level = evaluator.top
    if evaluator[slot: slot, at: level] == nil {
      guard isWanted(field), let node = placeholder(field) else { return }
      evaluator[slot: slot, at: level] = node.node
      if node.isAwaited { awaited[level].insert(slot) }
    }
    guard let node = evaluator[slot: slot, at: level] else { return }
    let before = evaluator.position
    let settled = try settle(node, field)
    evaluator[slot: slot, at: level] = settled
    if case .size(_, let measures?) = field.extent, !field.isRepeated, !field.isPadding {
      try set(measures, to: evaluator.position - before)
    }
    if case .count(_, let measures?) = field.repetition, let count = itemCount(settled, field) {
      try set(measures, to: count)
    }
  }

  /// Whether a field that was not given must be there.
  private mutating func isWanted(_ field: FieldDefinition) -> Bool {
    guard let condition = field.condition else { return true }
    return (try? evaluator.truth(condition)) ?? false
  }

  /// A field that was not given: the only value that it can have, or a value that a measurement
  /// replaces.
  private mutating func placeholder(
    _ field: FieldDefinition
  ) -> (node: LayoutNode, isAwaited: Bool)? {
    guard !field.isRepeated else { return nil }
    if case .constant(let bytes) = field.kind {
      return (LayoutNode(field.name, bytes: bytes), false)
    }
    for case .equal(let expression) in field.validity {
      guard let value = try? evaluator.value(expression) else { continue }
      switch value {
      case .integer(let value): return (LayoutNode(field.name, value), false)
      case .text(let text): return (LayoutNode(field.name, text: text), false)
      default: continue
      }
    }
    switch field.kind {
    case .integer, .bits: return (LayoutNode(field.name, 0), true)
    case .bytes where field.isPadding: return (LayoutNode(field.name, bytes: []), false)
    default: return nil
    }
  }

  private func itemCount(_ node: LayoutNode, _ field: FieldDefinition) -> UInt64? {
    if let items = node.list { return items.count }
    guard let payload = node.payload, case .integer(let format) = field.kind else { return nil }
    return payload.byteCount / UInt64(format.byteCount)
  }

  /// Sets the field that a measurement names. If there is no such field, writing checks the length.
  private mutating func set(
    _ measurement: Measurement, to measured: UInt64
  ) throws(LayoutError) {
    let level = evaluator.top - measurement.hops
    guard level >= 0, let first = measurement.path.first,
      let slot = evaluator.frames[level].type.fields.firstIndex(where: { $0.name == first }),
      var node = evaluator[slot: slot, at: level]
    else { return }
    guard let value = measurement.value(for: measured) else {
      throw problem(.length, "expected a length that '\(first)' can express, found \(measured)")
    }
    let rest = measurement.path.dropFirst().joined(separator: ".")
    guard (rest.isEmpty ? node : node[rest])?.integer != value else {
      awaited[level].remove(slot)
      return
    }
    do throws(LayoutError) {
      try node.set(rest, to: value)
    } catch {
      return
    }
    awaited[level].remove(slot)
    evaluator[slot: slot, at: level] = node
  }

  // MARK: One field

  private mutating func settle(
    _ node: LayoutNode, _ field: FieldDefinition
  ) throws(LayoutError) -> LayoutNode {
    guard field.isRepeated else { return try item(node, field) }
    try requireWhole(node)
    switch node.content {
    case .list(var items):
      let level = evaluator.top
      for index in items.first.indices {
        evaluator.frames[level].itemIndex = UInt64(index)
        items.first[index] = try inside(.item(index)) { (encoder) throws(LayoutError) in
          try encoder.item(items.first[index], field)
        }
      }
      if let elided = items.elided { evaluator.position += elided.upperBound - elided.lowerBound }
      for index in items.last.indices {
        let number = Int(clamping: UInt64(items.first.count) + items.elidedCount) + index
        evaluator.frames[level].itemIndex = UInt64(number)
        items.last[index] = try inside(.item(number)) { (encoder) throws(LayoutError) in
          try encoder.item(items.last[index], field)
        }
      }
      evaluator.frames[level].itemIndex = nil
      return self.node(node, .list(items))
    case .bytes(let payload):
      evaluator.position += payload.byteCount
      return node
    default: throw problem(.value, "expected an array, found another field")
    }
  }

  private mutating func item(
    _ node: LayoutNode, _ field: FieldDefinition
  ) throws(LayoutError) -> LayoutNode {
    try requireWhole(node)
    switch field.kind {
    case .integer(let format):
      evaluator.position += UInt64(format.byteCount)
      return node
    case .bits(let place):
      if place.isLast { evaluator.position += UInt64(place.runByteCount) }
      return node
    case .constant(let bytes):
      evaluator.position += UInt64(bytes.count)
      return node
    case .bytes: return try bytes(node, field)
    case .text(let format):
      evaluator.position += try textByteCount(node, field, format)
      return node
    case .record(let type): return try structure(node, field, type)
    case .choice:
      switch try choice(field) {
      case .integer(let format)?:
        evaluator.position += UInt64(format.byteCount)
        return node
      case .record(let type)?: return try structure(node, field, type)
      case nil: return try bytes(node, field)
      }
    }
  }

  private mutating func structure(
    _ node: LayoutNode, _ field: FieldDefinition, _ type: Int
  ) throws(LayoutError) -> LayoutNode {
    let streamStart =
      if case .natural = field.extent { evaluator.frames[evaluator.top].streamStart } else {
        evaluator.position
      }
    // One after the other: a call within the call of another method would copy the encoder.
    let settled = try settle(type, try record(node), streamStart: streamStart)
    return self.node(node, .record(settled))
  }

  private mutating func bytes(
    _ node: LayoutNode, _ field: FieldDefinition
  ) throws(LayoutError) -> LayoutNode {
    guard case .bytes(let payload) = node.content else {
      throw problem(.value, "expected bytes, found another field")
    }
    if field.isPadding, case .size(let expression, _) = field.extent,
      let wanted = try? evaluator.count(expression), wanted != payload.byteCount
    {
      guard wanted <= 1 << 24 else {
        throw problem(.length, "expected padding of at most 16 MiB, found \(wanted) bytes")
      }
      evaluator.position += wanted
      return LayoutNode(
        node.name, .bytes(Payload(Array(repeating: 0, count: Int(wanted)))), field: node.field,
        range: nil)
    }
    evaluator.position += payload.byteCount
    return node
  }

  private mutating func textByteCount(
    _ node: LayoutNode, _ field: FieldDefinition, _ format: TextFormat
  ) throws(LayoutError) -> UInt64 {
    switch node.content {
    case .bytes(let payload): return payload.byteCount
    case .text(let text):
      let natural = UInt64(text.utf8.count)
      // Measured text needs no padding; a length greater than the text keeps it.
      guard format.padding != nil, case .size(let expression, _) = field.extent,
        let wanted = try? evaluator.count(expression), wanted > natural
      else { return natural }
      return wanted
    default: throw problem(.value, "expected text, found another field")
    }
  }
}
