/// The second pass: every byte, and every condition checked.
extension LayoutEncoder {
  /// Writes a settled structure at the current position.
  mutating func write(
    _ index: Int, _ fields: [LayoutNode], streamStart: UInt64, streamEnd: UInt64?
  ) throws(LayoutError) {
    try enter(index, fields, streamStart: streamStart, streamEnd: streamEnd)
    let type = layout.types[index]
    for slot in type.fields.indices {
      let field = type.fields[slot]
      try inside(.name(field.name)) { (encoder) throws(LayoutError) in
        try encoder.write(field, slot)
      }
    }
    for node in fields where node.origin == .remainder {
      if let payload = node.payload { put(payload) }
    }
    for instance in type.instances.indices {
      guard case .known(let node?) = evaluator[instance: instance, at: evaluator.top],
        node.range == nil
      else { continue }
      try inside(.name(node.name)) { (encoder) throws(LayoutError) in
        try encoder.overwrite(type.instances[instance], node)
      }
    }
    try requireNoneAwaited()
    evaluator.drop()
  }

  /// Writes an instance that was changed over what the sequence put in its place.
  private mutating func overwrite(
    _ field: FieldDefinition, _ node: LayoutNode
  ) throws(LayoutError) {
    guard let expression = field.position else { return }
    let streamStart = evaluator.frames[evaluator.top].streamStart
    let before = evaluator.position
    let offset: UInt64
    do throws(EvaluationProblem) {
      offset = try evaluator.count(expression)
    } catch {
      throw problem(error)
    }
    try requireWhole(node)
    var whole = takeOutput()
    evaluator.position = streamStart + offset
    try writeAll(node, field)
    let written = takeOutput()
    evaluator.position = before
    guard offset <= whole.byteCount, streamStart <= whole.byteCount - offset,
      written.byteCount <= whole.byteCount - offset - streamStart
    else {
      throw problem(
        .value, "expected a position within what is written before, found \(offset)")
    }
    whole.overwrite(at: streamStart + offset, with: written)
    resume(whole)
  }

  private mutating func write(_ field: FieldDefinition, _ slot: Int) throws(LayoutError) {
    let node = evaluator[slot: slot, at: evaluator.top]
    if let condition = field.condition {
      let isWanted: Bool
      do throws(EvaluationProblem) {
        isWanted = try evaluator.truth(condition)
      } catch {
        throw problem(error)
      }
      guard isWanted == (node != nil) else {
        throw problem(
          node == nil ? .incomplete : .value,
          node == nil
            ? "expected a field, because its condition holds, found none"
            : "expected no field, because its condition does not hold, found one")
      }
    }
    guard let node else {
      if field.condition == nil { throw problem(.incomplete, "expected a field, found none") }
      return
    }
    try writeAll(node, field)
  }

  /// Writes a field with all its items.
  private mutating func writeAll(
    _ node: LayoutNode, _ field: FieldDefinition
  ) throws(LayoutError) {
    guard field.isRepeated else { return try write(node, field) }
    let level = evaluator.top
    let count: UInt64
    switch (node.content, field.kind) {
    case (.list(let items), _):
      var number: UInt64 = 0
      for item in items.first {
        try write(item, number, of: items, field)
        number += 1
      }
      if let elided = items.elided {
        put(Payload(source: elided))
        number += items.elidedCount
      }
      for item in items.last {
        try write(item, number, of: items, field)
        number += 1
      }
      evaluator.frames[level].itemIndex = nil
      count = number
    case (.bytes(let payload), .integer(let format)):
      guard payload.byteCount % UInt64(format.byteCount) == 0 else {
        throw problem(.length, "expected whole items, found \(payload.byteCount) bytes")
      }
      put(payload)
      count = payload.byteCount / UInt64(format.byteCount)
    default: throw problem(.value, "expected an array, found another field")
    }
    if case .count(let expression, _) = field.repetition {
      let wanted = try self.count(expression)
      guard wanted == count else {
        throw problem(.length, "expected \(wanted) items, found \(count)")
      }
    }
  }

  private mutating func count(_ expression: Expression) throws(LayoutError) -> UInt64 {
    do throws(EvaluationProblem) {
      return try evaluator.count(expression)
    } catch {
      throw problem(error)
    }
  }

  private mutating func write(
    _ item: LayoutNode, _ number: UInt64, of items: LayoutNode.Items, _ field: FieldDefinition
  ) throws(LayoutError) {
    let level = evaluator.top
    evaluator.frames[level].itemIndex = number
    try inside(.item(Int(clamping: number))) { (encoder) throws(LayoutError) in
      try encoder.write(item, field)
      guard case .until(let condition) = field.repetition else { return }
      encoder.evaluator.frames[level].item = Value(item)
      defer { encoder.evaluator.frames[level].item = nil }
      let isLast: Bool
      do throws(EvaluationProblem) {
        isLast = try encoder.evaluator.truth(condition)
      } catch {
        throw encoder.problem(error)
      }
      guard isLast == (number + 1 == items.count) else {
        throw encoder.problem(
          .value, "expected the last item, and only that, to be as the layout says")
      }
    }
  }

  // MARK: One item

  private mutating func write(
    _ node: LayoutNode, _ field: FieldDefinition
  ) throws(LayoutError) {
    let before = evaluator.position
    let wanted: UInt64?
    if case .size(let expression, _) = field.extent {
      wanted = try count(expression)
    } else {
      wanted = nil
    }
    switch field.kind {
    case .integer(let format): try write(node, format)
    case .bits(let place): try write(node, place)
    case .constant(let bytes):
      guard case .bytes(let payload) = node.content, payload.byteCount == UInt64(bytes.count)
      else { throw problem(.value, "expected \(bytes.count) bytes, found another field") }
      put(payload)
    case .bytes: try writeBytes(node)
    case .text(let format): try write(node, format, byteCount: wanted)
    case .record(let type): try write(node, field, type)
    case .choice:
      switch try choice(field) {
      case .integer(let format)?: try write(node, format)
      case .record(let type)?: try write(node, field, type)
      case nil: try writeBytes(node)
      }
    }
    if let wanted, evaluator.position - before != wanted {
      throw problem(
        .length, "expected \(wanted) bytes, found \(evaluator.position - before)")
    }
  }

  private mutating func writeBytes(_ node: LayoutNode) throws(LayoutError) {
    guard case .bytes(let payload) = node.content else {
      throw problem(.value, "expected bytes, found another field")
    }
    put(payload)
  }

  private mutating func write(
    _ node: LayoutNode, _ format: TextFormat, byteCount: UInt64?
  ) throws(LayoutError) {
    guard case .text(let text) = node.content else { return try writeBytes(node) }
    let residue = node.residue
    if !residue.isEmpty, byteCount == UInt64(text.utf8.count + residue.count) {
      return put(Array(text.utf8) + residue)
    }
    guard let bytes = format.bytes(of: text, byteCount: byteCount) else {
      throw problem(
        .value,
        "expected text that fits \(byteCount.map { "\($0) bytes" } ?? "its field"), found '\(text)'"
      )
    }
    put(bytes)
  }

  private mutating func write(
    _ node: LayoutNode, _ field: FieldDefinition, _ type: Int
  ) throws(LayoutError) {
    let fields = try record(node)
    if case .natural = field.extent {
      let frame = evaluator.frames[evaluator.top]
      return try write(
        type, fields, streamStart: frame.streamStart, streamEnd: frame.streamEnd)
    }
    var end: UInt64?
    let start = evaluator.position
    if layout.usesStreamEnd {
      _ = try settle(type, fields, streamStart: start)
      end = evaluator.position
      evaluator.position = start
    }
    try write(type, fields, streamStart: start, streamEnd: end)
  }

  private mutating func write(
    _ node: LayoutNode, _ format: IntegerFormat
  ) throws(LayoutError) {
    guard case .integer(let value) = node.content else {
      throw problem(.value, "expected an integer, found another field")
    }
    guard format.holds(value) else {
      let range = format.range
      throw problem(
        .value,
        "expected an integer from \(range.lowerBound) to \(range.upperBound), found \(value)")
    }
    put(
      UInt64(truncatingIfNeeded: value), byteCount: format.byteCount,
      isBigEndian: format.isBigEndian)
  }

  private mutating func write(_ node: LayoutNode, _ place: BitPlace) throws(LayoutError) {
    guard case .integer(let value) = node.content, value >= 0, value >> Int128(place.width) == 0
    else {
      throw problem(.value, "expected an integer of \(place.width) bits, found another value")
    }
    if place.isFirst { bitRun = Array(repeating: 0, count: place.runByteCount) }
    for bit in 0..<place.width {
      let number = place.offset + bit
      let shift = place.isBigEndian ? place.width - 1 - bit : bit
      guard value >> Int128(shift) & 1 == 1 else { continue }
      bitRun[number / 8] |= 1 << UInt8(place.isBigEndian ? 7 - number % 8 : number % 8)
    }
    if place.isLast { put(bitRun) }
  }
}
