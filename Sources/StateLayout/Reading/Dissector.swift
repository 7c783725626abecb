import ByteIO

/// Reads a state by its layout, forward, through a window of a few KiB.
struct Dissector: ~Copyable {
  /// Appends bytes of the source to a buffer; false if the source failed.
  typealias Load = (_ offset: UInt64, _ count: Int, _ buffer: inout ByteBuffer) -> Bool

  let layout: LayoutDefinition
  let limits: DissectionLimits
  /// The rules whose findings are no errors.
  let accepted: Set<String>
  let byteCount: UInt64
  var evaluator = Evaluator()
  var report: FindingList
  /// Whether the structures that are being read cannot be read on.
  var isStopped = false
  /// Whether nothing is read any more, wherever in the layout.
  var isExhausted = false
  /// Where and why, until the innermost field that is kept of them takes it.
  var shortfall: (path: [LayoutPath.Step], message: String)?
  var nodeCount = 0
  var readFieldCount = 0
  var loadedByteCount = 0
  var bitRunStart: UInt64 = 0
  /// What stands behind the end of the text that was just read, in its field.
  var residue: [UInt8] = []
  /// The first text with something behind its end, and the number of all.
  var residues: (first: LayoutFinding, count: Int)?
  /// The values that a field's enumeration has, in words, of the fields that had others.
  var enumerated: [ObjectIdentifier: String] = [:]
  private var path: [LayoutPath.Step] = []
  private let load: Load
  private var window = ByteBuffer()
  private var windowStart: UInt64 = 0

  private static let windowByteCount = 1 << 14
  private static let windowStepCount: UInt64 = 1 << 12

  init(
    _ layout: LayoutDefinition, byteCount: UInt64, limits: DissectionLimits,
    accepting accepted: Set<String> = [], load: @escaping Load
  ) {
    self.layout = layout
    self.byteCount = byteCount
    self.limits = limits
    self.accepted = accepted
    self.load = load
    report = FindingList(limit: limits.findingCount)
    evaluator.stepLimit = limits.stepCount(for: byteCount)
  }

  /// Reads the whole state as one structure of a type; of one that is `open`, only the first bytes
  /// are there, and how many come behind them is not known.
  mutating func run(type index: Int, isOpen: Bool = false) -> LayoutNode {
    let type = layout.types[index]
    evaluator.reserve()
    var fields = record(type, streamStart: 0, streamEnd: isOpen ? nil : byteCount)
    let position = evaluator.position
    if isOpen { checkLength(by: type.rules) }
    if let (first, count) = residues {
      report.add(
        LayoutFinding(
          severity: .note, kind: .value, path: first.path, range: first.range,
          message: "bytes that mean nothing behind the end of the text"
            + (count > 1 ? ", and of \(count - 1) more" : "")))
    }
    if position < byteCount {
      if !isStopped {
        let more = byteCount - position
        find(
          .error, .remainder, position..<byteCount,
          "expected the end of the state, found \(isOpen ? "at least " : "")"
            + (more == 1 ? "1 more byte" : "\(more) more bytes"))
      }
      fields.append(remainder(to: byteCount))
    }
    return short(
      LayoutNode(
        type.name, .record(fields), field: nil, range: 0..<max(evaluator.position, position)))
  }

  /// Checks of a state whose end is not there what rules say of the most bytes that it may have.
  private mutating func checkLength(by rules: [Rule]) {
    for rule in rules where rule.guardCondition == nil {
      guard let most = rule.condition.longestStream, Int128(byteCount) > most else { continue }
      find(
        severity(rule.severity, of: rule.id), .rule, 0..<byteCount,
        "expected at most \(most) bytes, found at least \(byteCount)")
    }
  }

  // MARK: Structures

  /// Reads the fields of a structure from the current position.
  mutating func record(
    _ type: TypeDefinition, streamStart: UInt64, streamEnd: UInt64?
  ) -> [LayoutNode] {
    guard evaluator.frames.count < limits.depth else {
      stop("expected at most \(limits.depth) structures within each other")
      return []
    }
    let start = evaluator.position
    evaluator.enter(type, streamStart: streamStart, streamEnd: streamEnd)
    let level = evaluator.top
    for slot in type.fields.indices {
      if isStopped { break }
      let field = type.fields[slot]
      path.append(.name(field.name))
      evaluator[slot: slot, at: level] = self.field(field)
      path.removeLast()
    }
    if !isStopped {
      for index in type.instances.indices { instance(index, at: level) }
      for rule in type.rules { check(rule, start..<evaluator.position) }
      checkReferences()
    }
    return evaluator.leave()
  }

  private mutating func instance(_ index: Int, at level: Int) {
    let definition = evaluator.frames[level].type.instances[index]
    path.append(.name(definition.name))
    defer { path.removeLast() }
    if isExhausted { return }
    guard let position = definition.position else {
      // An instance that needs a missing field is left out.
      if let node = try? evaluator.instanceNode(index, at: level) {
        guard takes(node) else {
          evaluator[instance: index, at: level] = .known(nil)
          return exhaust("expected at most \(limits.treeNodeCount) fields")
        }
        check(definition, node)
      }
      return
    }
    let streamStart = evaluator.frames[level].streamStart
    let streamEnd = evaluator.frames[level].streamEnd ?? byteCount
    let before = evaluator.position
    do throws(EvaluationProblem) {
      let offset = try evaluator.count(position)
      guard offset <= streamEnd - streamStart else {
        if isOpen { return leaveOpen() }
        find(
          .error, .layout, before..<before,
          "expected a position up to \(streamEnd - streamStart), found \(offset)")
        return
      }
      evaluator.position = streamStart + offset
      var node = field(definition)
      node?.origin = .position
      evaluator[instance: index, at: level] = .known(node)
    } catch {
      find(.error, .layout, before..<before, error.message)
    }
    evaluator.position = before
    guard !isExhausted else { return }
    isStopped = false
    shortfall = nil
  }

  /// Counts a computed field, with all that it shares with others: whoever shows the tree shows it
  /// again. False if that is too much.
  private mutating func takes(_ node: LayoutNode) -> Bool {
    nodeCount += node.weight(upTo: limits.treeNodeCount - nodeCount + 1)
    return nodeCount <= limits.treeNodeCount
  }

  /// Notes that reading takes more than is wanted, and ends it.
  mutating func exhaust(_ message: String) {
    let position = evaluator.position
    report.addLast(finding(.error, .layout, position..<position, message))
    shortfall = shortfall ?? (path, message)
    isStopped = true
    isExhausted = true
  }

  /// The bytes up to `end`, which the layout does not describe.
  mutating func remainder(to end: UInt64) -> LayoutNode {
    let range = evaluator.position..<end
    evaluator.position = end
    nodeCount += 1
    return LayoutNode(
      LayoutNode.remainderName, .bytes(payload(range)), field: nil, range: range,
      origin: .remainder)
  }

  // MARK: Bytes

  /// Makes `count` bytes from `offset` available; they lie within the state.
  mutating func window(_ offset: UInt64, _ count: Int) -> Bool {
    if offset >= windowStart, offset + UInt64(count) <= windowStart + UInt64(window.count) {
      return true
    }
    // Of a stream, a chunk may have to be decoded.
    evaluator.stepCount &+= Self.windowStepCount
    window.removeAll()
    windowStart = offset
    let wanted = Int(min(byteCount - offset, UInt64(max(count, Self.windowByteCount))))
    window.reserve(wanted)
    guard load(offset, wanted, &window), window.count >= count else {
      window.removeAll()
      isStopped = true
      return false
    }
    return true
  }

  /// The integer at `offset`, whose bytes are available.
  func integer(_ format: IntegerFormat, at offset: UInt64) -> Int128 {
    let index = Int(offset - windowStart)
    let bytes = window.bytes
    let raw: UInt64
    switch format.byteCount {
    case 1: raw = UInt64(bytes[byte: index])
    case 2:
      let value = bytes.little(UInt16.self, at: index)
      raw = UInt64(format.isBigEndian ? value.byteSwapped : value)
    case 4:
      let value = bytes.little(UInt32.self, at: index)
      raw = UInt64(format.isBigEndian ? value.byteSwapped : value)
    default:
      let value = bytes.little(UInt64.self, at: index)
      raw = format.isBigEndian ? value.byteSwapped : value
    }
    guard format.isSigned else { return Int128(raw) }
    let shift = 64 - format.byteCount * 8
    return Int128(Int64(bitPattern: raw << UInt64(shift)) >> Int64(shift))
  }

  /// The bit field of the run that begins at `start`, whose bytes are available.
  func bits(_ place: BitPlace, runAt start: UInt64) -> Int128 {
    let index = Int(start - windowStart)
    let bytes = window.bytes
    var value: UInt64 = 0
    for bit in 0..<place.width {
      let number = place.offset + bit
      let byte = UInt64(bytes[byte: index + number / 8])
      if place.isBigEndian {
        value = value << 1 | byte >> UInt64(7 - number % 8) & 1
      } else {
        value |= (byte >> UInt64(number % 8) & 1) << UInt64(bit)
      }
    }
    return Int128(value)
  }

  /// The `count` bytes from `offset`, which are available.
  func bytes(_ offset: UInt64, _ count: Int) -> [UInt8] {
    let index = Int(offset - windowStart)
    return [UInt8](window.bytes.extracting(index..<index + count))
  }

  /// A range of the state: its bytes if they are few, else its place.
  mutating func payload(_ range: Range<UInt64>) -> Payload {
    loaded(range).map { Payload($0) } ?? Payload(source: range)
  }

  /// The bytes of a range of the state; nil if they are too many to be kept.
  mutating func loaded(_ range: Range<UInt64>) -> [UInt8]? {
    let count = range.upperBound - range.lowerBound
    guard count <= UInt64(limits.fieldByteCount),
      count <= UInt64(max(0, limits.loadedByteCount - loadedByteCount)),
      window(range.lowerBound, Int(count))
    else { return nil }
    loadedByteCount += Int(count)
    return bytes(range.lowerBound, Int(count))
  }

  // MARK: Findings

  /// Notes a finding about the field that is being read, or another of its structure.
  mutating func find(
    _ severity: LayoutFinding.Severity, _ kind: LayoutFinding.Kind, _ range: Range<UInt64>,
    _ message: String, field: String? = nil
  ) {
    // Most of what a badly damaged state has is one too many.
    guard report.takes(severity) else { return report.passOver() }
    report.add(finding(severity, kind, range, message, field: field))
  }

  func finding(
    _ severity: LayoutFinding.Severity, _ kind: LayoutFinding.Kind, _ range: Range<UInt64>,
    _ message: String, field: String? = nil
  ) -> LayoutFinding {
    LayoutFinding(
      severity: severity, kind: kind, path: LayoutPath.text(path, field), range: range,
      message: message)
  }

  /// Whether the structure that is being read goes on behind the bytes that are there.
  var isOpen: Bool { evaluator.top >= 0 && evaluator.frames[evaluator.top].streamEnd == nil }

  /// Ends the reading where what is there of a state does, which says nothing against it.
  mutating func leaveOpen() {
    shortfall = shortfall ?? (path, "the bytes that are there end here")
    isStopped = true
    isExhausted = true
  }

  /// Notes that the layout cannot be followed here, and stops.
  mutating func stop(_ message: String, kind: LayoutFinding.Kind = .layout) {
    // What is behind the bytes that are there may be missing for it.
    if isOpen { return leaveOpen() }
    if !isStopped {
      find(.error, kind, evaluator.position..<evaluator.position, message)
      shortfall = (path, message)
    }
    isStopped = true
  }

  /// Notes that there are fewer bytes than the field needs, and stops.
  mutating func stopTruncated(needed: UInt64, left: UInt64) {
    if isOpen { return leaveOpen() }
    let position = evaluator.position
    let whole = evaluator.frames.last?.streamEnd == byteCount ? "state" : "structure"
    let message =
      "expected \(needed) \(needed == 1 ? "byte" : "bytes"), found \(left) before the \(whole) ends"
    find(.error, .truncated, position..<position + left, message)
    shortfall = (path, message)
    isStopped = true
  }

  /// The node that has just been read, with what it was read short by.
  mutating func short(_ node: LayoutNode) -> LayoutNode {
    guard let (place, message) = shortfall else { return node }
    shortfall = nil
    var node = node
    node.shortfall = Shortfall(path: Array(place.dropFirst(path.count)), message: message)
    return node
  }

  mutating func withItem<Result: ~Copyable>(
    _ number: UInt64, _ body: (inout Dissector) -> Result
  ) -> Result {
    path.append(.item(Int(clamping: number)))
    defer { path.removeLast() }
    return body(&self)
  }
}
