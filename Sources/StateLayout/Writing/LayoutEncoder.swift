extension LayoutTree {
  /// The state's bytes; parts that were not loaded stay ranges of the source that the tree was read
  /// from.
  ///
  /// Throws `incomplete` with the field at which reading ended if the state was read short and not
  /// completed since. Throws too if a field is missing, does not fit its type, or has a length that
  /// another field contradicts.
  public func encode() throws(LayoutError) -> Payload {
    try layout.encode(root)
  }

  /// The state's bytes, for a tree that has all of them in memory; else throws `incomplete`.
  public func encodedBytes() throws(LayoutError) -> [UInt8] {
    guard let bytes = try encode().loadedBytes else {
      throw LayoutError(
        .incomplete, at: .field(""), "expected bytes in memory, found some in the source only")
    }
    return bytes
  }
}

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

/// Writes a tree by its layout, in two passes. The first sets the fields that measure content; the
/// second writes, and checks that all fields agree.
struct LayoutEncoder {
  let layout: LayoutDefinition
  var evaluator = Evaluator()
  // The output so far, but for the bytes since the last payload, and these bytes.
  private var output = Payload()
  private var bytes: [UInt8] = []
  /// The bit fields of a run so far.
  var bitRun: [UInt8] = []
  /// For each structure, the fields that were not given and await a measured value.
  var awaited: [Set<Int>] = []
  private var path: [LayoutPath.Step] = []

  // As for reading; a composed tree may be of any depth.
  private static let depthLimit = 64

  init(_ layout: LayoutDefinition) { self.layout = layout }

  mutating func run(_ fields: [LayoutNode]) throws(LayoutError) -> Payload {
    evaluator.reserve()
    let settled = try settle(0, fields, streamStart: 0)
    let end = evaluator.position
    evaluator.position = 0
    try write(0, settled, streamStart: 0, streamEnd: end)
    return takeOutput()
  }

  // MARK: Output

  /// Adds bytes at the current position.
  mutating func put(_ more: [UInt8]) {
    bytes += more
    evaluator.position += UInt64(more.count)
  }

  /// Adds the lowest `byteCount` bytes of a number.
  mutating func put(_ value: UInt64, byteCount: Int, isBigEndian: Bool) {
    for index in 0..<byteCount {
      let place = isBigEndian ? byteCount - 1 - index : index
      bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(place * 8)))
    }
    evaluator.position += UInt64(byteCount)
  }

  mutating func put(_ payload: Payload) {
    if let loaded = payload.loadedBytes { return put(loaded) }
    output.append(bytes)
    bytes.removeAll(keepingCapacity: true)
    output.append(payload)
    evaluator.position += payload.byteCount
  }

  /// All that was written, which is then no longer here.
  mutating func takeOutput() -> Payload {
    defer {
      output = Payload()
      bytes = []
    }
    output.append(bytes)
    return output
  }

  /// Writes on behind `payload`.
  mutating func resume(_ payload: Payload) {
    output = payload
    bytes = []
  }

  /// Begins a structure with the fields that were given.
  mutating func enter(
    _ index: Int, _ fields: [LayoutNode], streamStart: UInt64, streamEnd: UInt64?
  ) throws(LayoutError) {
    guard evaluator.frames.count < Self.depthLimit else {
      throw problem(.value, "expected at most \(Self.depthLimit) structures within each other")
    }
    let type = layout.types[index]
    evaluator.enter(type, streamStart: streamStart, streamEnd: streamEnd)
    awaited.append([])
    let level = evaluator.top
    var next = 0
    for node in fields where node.origin != .remainder {
      if let slot = type.slot(of: node, from: next) {
        evaluator[slot: slot, at: level] = node
        next = slot + 1
      } else if let instance = type.instances.firstIndex(where: { $0.name == node.name }) {
        guard type.instances[instance].position != nil else { continue }
        evaluator[instance: instance, at: level] = .known(node)
      } else {
        throw problem(
          .path, "expected a field of '\(type.name)', found '\(node.name)'")
      }
    }
  }

  /// Throws if a field of the innermost structure was not given, and nothing measured it.
  mutating func requireNoneAwaited() throws(LayoutError) {
    guard let slot = awaited.removeLast().min() else { return }
    let type = evaluator.frames[evaluator.top].type
    throw problem(.incomplete, "expected a field '\(type.fields[slot].name)', found none")
  }

  /// Throws if a field, or the whole state, was read short.
  func requireWhole(_ node: LayoutNode) throws(LayoutError) {
    guard let shortfall = node.shortfall else { return }
    throw LayoutError(
      .incomplete, at: .field(LayoutPath.text(path + shortfall.path)), shortfall.message)
  }

  func problem(_ code: LayoutError.Code, _ message: String) -> LayoutError {
    LayoutError(code, at: .field(LayoutPath.text(path)), message)
  }

  func problem(_ error: EvaluationProblem) -> LayoutError { problem(.value, error.message) }

  mutating func inside<Result>(
    _ step: LayoutPath.Step, _ body: (inout LayoutEncoder) throws(LayoutError) -> Result
  ) throws(LayoutError) -> Result {
    path.append(step)
    defer { path.removeLast() }
    return try body(&self)
  }

  /// The type of a switch's content, as its subject says.
  mutating func choice(
    _ field: FieldDefinition
  ) throws(LayoutError) -> FieldDefinition.Choice? {
    guard case .choice(let subject, let cases, let otherwise) = field.kind else { return nil }
    do throws(EvaluationProblem) {
      return try evaluator.choice(subject, cases, otherwise)
    } catch {
      throw problem(error)
    }
  }

  func record(_ node: LayoutNode) throws(LayoutError) -> [LayoutNode] {
    guard case .record(let fields) = node.content else {
      throw problem(.value, "expected a structure, found another field")
    }
    return fields
  }

  /// A node with another content that keeps everything else of `node`.
  func node(_ node: LayoutNode, _ content: LayoutNode.Content) -> LayoutNode {
    LayoutNode(
      node.name, content, field: node.field, range: node.range, origin: node.origin)
  }
}

extension TypeDefinition {
  /// The place in the sequence of a field that was given, which is mostly the `next` one.
  fileprivate func slot(of node: LayoutNode, from next: Int) -> Int? {
    if next < fields.count, fields[next] === node.field || fields[next].name == node.name {
      return next
    }
    return fields.firstIndex { $0.name == node.name }
  }
}
