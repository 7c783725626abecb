import ByteIO

extension LayoutTree {
  /// The fields that differ from those of `other`, a state of the same layout.
  ///
  /// Items of arrays are held against each other by their numbers. What is computed from other
  /// fields is left out. Bytes that the trees do not hold are read from the sources that they were
  /// dissected from, which is all that throws.
  public func differences<Left: StateSource, Right: StateSource>(
    from other: LayoutTree, source: Left, otherSource: Right
  ) throws(Left.Failure) -> FieldComparison where Right.Failure == Left.Failure {
    var comparer = TreeComparer(layout, source, otherSource)
    try comparer.compare(root, other.root)
    return comparer.comparison
  }
}

/// A walk over two trees at once.
private struct TreeComparer<Left: StateSource, Right: StateSource>
where Right.Failure == Left.Failure {
  typealias Failure = Left.Failure

  private(set) var comparison: FieldComparison
  private let source: Left
  private let otherSource: Right
  private var path: [LayoutPath.Step] = []

  private static var pieceByteCount: UInt64 { 1 << 18 }

  init(_ layout: Layout, _ source: Left, _ otherSource: Right) {
    comparison = FieldComparison(layout)
    self.source = source
    self.otherSource = otherSource
  }

  mutating func compare(_ left: LayoutNode, _ right: LayoutNode) throws(Failure) {
    if let items = left.list, let others = right.list { return try compare(items, others) }
    if left.isRecord, right.isRecord { return try compare(left.fields, right.fields) }
    if let payload = left.payload, let other = right.payload {
      let ranges = try ranges(payload, other)
      if !ranges.isEmpty { note([left], [right], ranges) }
    } else if left.integer == nil || left.integer != right.integer {
      // Of text, what stands behind its end in its field counts too.
      guard left.text == nil || left.text != right.text || left.residue != right.residue else {
        return
      }
      note([left], [right])
    }
  }

  private mutating func compare(_ fields: [LayoutNode], _ others: [LayoutNode]) throws(Failure) {
    let (fields, others) = (fields.filter(\.isRead), others.filter(\.isRead))
    let byName = Dictionary(others.map { ($0.name, $0) }) { first, _ in first }
    for field in fields {
      path.append(.name(field.name))
      if let other = byName[field.name] {
        try compare(field, other)
      } else {
        note([field], [])
      }
      path.removeLast()
    }
    let names = Set(fields.map(\.name))
    for other in others where !names.contains(other.name) {
      path.append(.name(other.name))
      note([], [other])
      path.removeLast()
    }
  }

  private mutating func compare(
    _ items: LayoutNode.Items, _ others: LayoutNode.Items
  ) throws(Failure) {
    let common = min(items.first.count, others.first.count)
    var run: Range<Int>?
    for index in 0..<common {
      let (item, other) = (items.first[index], others.first[index])
      // Integers that differ one behind the other are one difference.
      if let value = item.integer, let otherValue = other.integer {
        if value != otherValue {
          run = (run?.lowerBound ?? index)..<index + 1
          continue
        }
      }
      note(run, items.first, others.first)
      run = nil
      if item.integer == nil || other.integer == nil {
        path.append(.item(index))
        try compare(item, other)
        path.removeLast()
      }
    }
    note(run, items.first, others.first)
    try compareRest(items, others, from: common)
  }

  private mutating func note(_ run: Range<Int>?, _ items: [LayoutNode], _ others: [LayoutNode]) {
    guard let run else { return }
    path.append(.item(run.lowerBound))
    note(
      Array(items[run]), Array(others[run]),
      lastItem: run.count > 1 ? UInt64(run.upperBound - 1) : nil)
    path.removeLast()
  }

  /// The items that only one side has, or that one of the two has not kept.
  private mutating func compareRest(
    _ items: LayoutNode.Items, _ others: LayoutNode.Items, from start: Int
  ) throws(Failure) {
    let count = max(items.count, others.count)
    guard UInt64(start) < count else { return }
    path.append(.item(start))
    defer { path.removeLast() }
    guard items.elidedCount > 0 || others.elidedCount > 0 else {
      // As records are told by their items, one line says that they are there.
      let (rest, otherRest) = (Array(items.first[start...]), Array(others.first[start...]))
      return note(rest, otherRest, lastItem: UInt64(start) + 1 < count ? count - 1 : nil)
    }
    let (bytes, otherBytes) = (items.bytes(from: start), others.bytes(from: start))
    let ranges = try ranges(bytes.payload ?? [], otherBytes.payload ?? [])
    if !ranges.isEmpty { note([bytes], [otherBytes], ranges, lastItem: count - 1) }
  }

  private mutating func note(
    _ left: [LayoutNode], _ right: [LayoutNode], _ ranges: ByteRanges? = nil,
    lastItem: UInt64? = nil
  ) {
    comparison.append(
      FieldDifference(
        path: LayoutPath.text(path), lastItem: lastItem, left: left, right: right, ranges: ranges))
  }

  // MARK: Bytes

  private func ranges(
    _ left: Payload, _ right: Payload
  ) throws(Failure) -> ByteRanges {
    var ranges = ByteRanges()
    let common = min(left.byteCount, right.byteCount)
    if let bytes = left.loadedBytes, let others = right.loadedBytes {
      ranges.append(
        differing: bytes.span.raw.extracting(first: Int(common)),
        from: others.span.raw.extracting(first: Int(common)), at: 0)
    } else {
      let (state, other) = (
        PayloadSource(left, over: source), PayloadSource(right, over: otherSource)
      )
      var buffer = ByteBuffer()
      var otherBuffer = ByteBuffer()
      var position: UInt64 = 0
      while position < common {
        let count = Int(min(common - position, Self.pieceByteCount))
        buffer.removeAll()
        otherBuffer.removeAll()
        try state.read(at: position, count: count, into: &buffer)
        try other.read(at: position, count: count, into: &otherBuffer)
        ranges.append(differing: buffer.bytes, from: otherBuffer.bytes, at: position)
        position += UInt64(count)
      }
    }
    ranges.append(common..<max(left.byteCount, right.byteCount))
    return ranges
  }
}

extension LayoutNode {
  /// Whether bytes of the state are the field's own.
  fileprivate var isRead: Bool { origin != .computed }
}

extension LayoutNode.Items {
  /// The bytes of the items from number `start` on, kept or not; `start` is in those that are kept
  /// first, or behind them.
  fileprivate func bytes(from start: Int) -> LayoutNode {
    let ranges = (first[start...].map(\.range) + [elided] + last.map(\.range)).compactMap(\.self)
    let name = first.first?.name ?? ""
    guard let low = ranges.map(\.lowerBound).min(), let high = ranges.map(\.upperBound).max()
    else { return LayoutNode(name, bytes: []) }
    return LayoutNode(name, .bytes(Payload(source: low..<high)), field: nil, range: low..<high)
  }
}
