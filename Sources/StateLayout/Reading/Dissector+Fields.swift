import ByteIO

extension Dissector {
  private var streamEnd: UInt64 { evaluator.frames[evaluator.top].streamEnd ?? byteCount }

  /// Reads a field, with all its items; nil if it is not there or cannot be read.
  mutating func field(_ field: FieldDefinition) -> LayoutNode? {
    if let condition = field.condition {
      do throws(EvaluationProblem) {
        guard try evaluator.truth(condition) else { return nil }
      } catch {
        stop(error.message)
        return nil
      }
    }
    if field.isRepeated { return list(field) }
    return item(field)
  }

  /// Reads one item of a field from the current position.
  mutating func item(_ field: FieldDefinition) -> LayoutNode? {
    guard !isExhausted else {
      isStopped = true
      return nil
    }
    readFieldCount += 1
    nodeCount += 1
    evaluator.stepCount &+= 1
    guard readFieldCount <= limits.fieldCount, nodeCount <= limits.treeNodeCount else {
      exhaust("expected at most \(min(limits.fieldCount, limits.treeNodeCount)) fields")
      return nil
    }
    guard evaluator.stepCount <= evaluator.stepLimit else {
      exhaust(Evaluator.outOfSteps(evaluator.stepLimit))
      return nil
    }
    let start = evaluator.position
    guard let content = content(of: field) else { return nil }
    var range = start..<evaluator.position
    if case .bits(let place) = field.kind {
      let first = bitRunStart + UInt64(place.offset / 8)
      range = first..<bitRunStart + UInt64((place.offset + place.width + 7) / 8)
    }
    var node = LayoutNode(field.name, content, field: field, range: range)
    if !residue.isEmpty { take(&node) }
    if shortfall != nil { node = short(node) }
    if !field.validity.isEmpty { check(field, node) }
    return node
  }

  private mutating func content(of field: FieldDefinition) -> LayoutNode.Content? {
    switch field.kind {
    case .integer(let format): return integer(format)
    case .bits(let place): return bitField(place)
    case .constant(let bytes): return constant(bytes)
    case .bytes:
      guard let extent = extent(of: field) else { return nil }
      return bytes(extent)
    case .text(let format):
      guard let extent = extent(of: field) else { return nil }
      return text(format, extent)
    case .record(let type): return structure(type, field)
    case .choice(let subject, let cases, let otherwise):
      do throws(EvaluationProblem) {
        switch try evaluator.choice(subject, cases, otherwise) {
        case .integer(let format)?: return integer(format)
        case .record(let type)?: return structure(type, field)
        case nil:
          guard let extent = extent(of: field) else { return nil }
          return bytes(extent)
        }
      } catch {
        stop(error.message)
        return nil
      }
    }
  }

  private mutating func integer(_ format: IntegerFormat) -> LayoutNode.Content? {
    guard available(format.byteCount) else { return nil }
    let value = integer(format, at: evaluator.position)
    evaluator.position += UInt64(format.byteCount)
    return .integer(value)
  }

  private mutating func bitField(_ place: BitPlace) -> LayoutNode.Content? {
    if place.isFirst {
      guard available(place.runByteCount) else { return nil }
      bitRunStart = evaluator.position
    }
    // A rule may have moved the window since.
    guard window(bitRunStart, place.runByteCount) else { return nil }
    let value = bits(place, runAt: bitRunStart)
    if place.isLast { evaluator.position += UInt64(place.runByteCount) }
    return .integer(value)
  }

  private mutating func constant(_ expected: [UInt8]) -> LayoutNode.Content? {
    guard available(expected.count) else { return nil }
    let start = evaluator.position
    let found = bytes(start, expected.count)
    evaluator.position += UInt64(expected.count)
    if found != expected {
      find(
        .error, .value, start..<evaluator.position,
        "expected the bytes \(hex(expected, separator: " ")), found \(hex(found, separator: " "))")
    }
    return .bytes(Payload(found))
  }

  /// Makes the next `count` bytes available; stops if there are fewer.
  private mutating func available(_ count: Int) -> Bool {
    let left = streamEnd - min(evaluator.position, streamEnd)
    guard UInt64(count) <= left else {
      stopTruncated(needed: UInt64(count), left: left)
      return false
    }
    return window(evaluator.position, count)
  }

  // MARK: Fields of a length of their own

  private struct Extent {
    var byteCount: UInt64
    /// Whether there are fewer bytes than the field says.
    var isCut: Bool
  }

  private mutating func extent(of field: FieldDefinition) -> Extent? {
    let left = streamEnd - min(evaluator.position, streamEnd)
    guard case .size(let expression, _) = field.extent else {
      if isOpen { leaveOpen() }
      return Extent(byteCount: left, isCut: isOpen)
    }
    do throws(EvaluationProblem) {
      let wanted = try evaluator.count(expression)
      if wanted > left {
        stopTruncated(needed: wanted, left: left)
        return Extent(byteCount: left, isCut: true)
      }
      return Extent(byteCount: wanted, isCut: false)
    } catch {
      stop(error.message)
      return nil
    }
  }

  private mutating func bytes(_ extent: Extent) -> LayoutNode.Content? {
    let range = evaluator.position..<evaluator.position + extent.byteCount
    let payload = payload(range)
    evaluator.position = range.upperBound
    return .bytes(payload)
  }

  private mutating func text(_ format: TextFormat, _ extent: Extent) -> LayoutNode.Content? {
    let range = evaluator.position..<evaluator.position + extent.byteCount
    let loaded = loaded(range)
    evaluator.position = range.upperBound
    guard let bytes = loaded else { return .bytes(Payload(source: range)) }
    if let (text, rest) = format.text(of: bytes) {
      residue = rest
      return .text(text)
    }
    find(
      .error, .value, range,
      "expected \(format.isASCII ? "ASCII" : "UTF-8") text, found \(hex(bytes.prefix(16), separator: " "))"
    )
    return .bytes(Payload(bytes))
  }

  /// Gives the text that was just read the bytes behind its end.
  private mutating func take(_ node: inout LayoutNode) {
    node.residue = residue
    residue = []
    if residues == nil { residues = (finding(.note, .value, node.range ?? 0..<0, ""), 0) }
    residues?.count += 1
  }

  private mutating func structure(_ index: Int, _ field: FieldDefinition) -> LayoutNode.Content? {
    let type = layout.types[index]
    if case .natural = field.extent {
      let start = evaluator.frames[evaluator.top].streamStart
      let end = evaluator.frames[evaluator.top].streamEnd
      return .record(record(type, streamStart: start, streamEnd: end))
    }
    guard let extent = extent(of: field) else { return nil }
    // An error inside does not keep the fields behind from being read.
    isStopped = isExhausted
    let cut = shortfall
    shortfall = nil
    let start = evaluator.position
    let end = start + extent.byteCount
    var fields = record(type, streamStart: start, streamEnd: end)
    if evaluator.position < end {
      if !isStopped {
        find(
          .warning, .remainder, evaluator.position..<end,
          "expected the structure to fill \(extent.byteCount) bytes, found "
            + "\(end - evaluator.position) that the layout does not describe")
      }
      fields.append(remainder(to: end))
    }
    isStopped = extent.isCut || isExhausted
    // Of a structure that is itself cut, that is the reason.
    if cut != nil { shortfall = cut }
    return .record(fields)
  }

  // MARK: Arrays

  mutating func list(_ field: FieldDefinition) -> LayoutNode? {
    let start = evaluator.position
    var count: UInt64?
    if case .count(let expression, _) = field.repetition {
      do throws(EvaluationProblem) {
        count = try evaluator.count(expression)
      } catch {
        stop(error.message)
        return nil
      }
    }
    if let packed = packed(field, count) { return packed }
    let level = evaluator.top
    var items = ItemBuffer(limit: limits.itemCount)
    var rules = ItemRuleState(field.itemRules)
    var number: UInt64 = 0
    while !isStopped {
      if let count, number >= count { break }
      if case .untilEnd = field.repetition, evaluator.position >= streamEnd {
        if isOpen { leaveOpen() }
        break
      }
      let before = evaluator.position
      let nodesBefore = nodeCount
      evaluator.frames[level].itemIndex = number
      let isLast = withItem(number) { dissector -> Bool in
        guard let node = dissector.item(field) else { return true }
        // Rules have nothing to say of an item that was cut.
        if !field.itemRules.isEmpty, !dissector.isStopped { dissector.check(&rules, node) }
        items.append(node, isFull: dissector.nodeCount > dissector.limits.nodeCount)
        return dissector.isLast(field, node)
      }
      if items.elidedCount > 0 { nodeCount = nodesBefore }
      number += 1
      evaluator.frames[level].itemIndex = nil
      if isLast { break }
      // Items of no bytes have no natural end.
      if evaluator.position == before, !isStopped, count.map({ $0 > 1 << 16 }) ?? true {
        stop("expected items of an array to take bytes, found one that takes none")
      }
    }
    for index in rules.rules.indices {
      if let (id, keys) = rules.named(index) { evaluator.frames[level].keys[id] = keys }
    }
    return short(
      LayoutNode(field.name, items.items, field: field, range: start..<evaluator.position))
  }

  private mutating func isLast(_ field: FieldDefinition, _ node: LayoutNode) -> Bool {
    guard case .until(let condition) = field.repetition else { return false }
    let level = evaluator.top
    evaluator.frames[level].item = Value(node)
    defer { evaluator.frames[level].item = nil }
    do throws(EvaluationProblem) {
      return try evaluator.truth(condition)
    } catch {
      stop(error.message)
      return true
    }
  }

  // Many integers without rules or meanings need no fields of their own.
  private static var packedCount: UInt64 { 1024 }

  private mutating func packed(_ field: FieldDefinition, _ count: UInt64?) -> LayoutNode? {
    guard case .integer(let format) = field.kind, field.validity.isEmpty, field.itemRules.isEmpty
    else { return nil }
    let left = streamEnd - min(evaluator.position, streamEnd)
    let width = UInt64(format.byteCount)
    let number: UInt64
    switch field.repetition {
    case .count: number = count ?? 0
    case .untilEnd where left % width == 0 && !isOpen: number = left / width
    default: return nil
    }
    guard number > Self.packedCount, number <= left / width else { return nil }
    nodeCount += 1
    let range = evaluator.position..<evaluator.position + number * width
    let payload = payload(range)
    evaluator.position = range.upperBound
    return LayoutNode(field.name, .bytes(payload), field: field, range: range)
  }
}
