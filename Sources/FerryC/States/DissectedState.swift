import CFerry
import StateLayout

/// The object behind a `ferry_state`.
final class DissectedState: HandleObject {
  static let kind = HandleKind.state

  let bytes: StateBytes
  let tree: LayoutTree
  let driver: String?
  // None if the caller said the layout.
  let detection: LayoutDetection?
  private let memory = LentMemory()
  private(set) lazy var summary = summarized()
  private lazy var findings = tree.findings.map(described)
  private lazy var fields = numbered()

  init(_ bytes: [UInt8], layout name: String?, driver: String?) throws(Failure) {
    let bytes = StateBytes(bytes)
    self.bytes = bytes
    self.driver = driver
    if let name {
      tree = try Layout.called(name).dissect(bytes)
      detection = nil
      return
    }
    let detection = Layout.detect(bytes, driver: driver).completed(byDriver: driver)
    guard let best = detection.best else {
      let names = detection.candidates.map(\.layout.name).joined(separator: ", ")
      throw Failure(
        .undecided, "a state whose content or driver tells its layout",
        found: names.isEmpty ? "one that no layout describes" : "one that may be of \(names)")
    }
    tree = best.layout.dissect(bytes)
    self.detection = detection
  }

  private func summarized() -> ferry_state_summary {
    let certainty =
      switch detection?.best?.certainty {
      case nil: FERRY_CERTAINTY_GIVEN
      case .possible: FERRY_CERTAINTY_POSSIBLE
      case .likely: FERRY_CERTAINTY_LIKELY
      case .certain: FERRY_CERTAINTY_CERTAIN
      }
    return ferry_state_summary(
      layout: memory.text(tree.layout.name), certainty: UInt32(certainty),
      is_sound: tree.isSound ? 1 : 0, is_complete: tree.isComplete ? 1 : 0,
      finding_count: UInt32(tree.findings.count), more_findings: tree.moreFindings,
      size: tree.byteCount)
  }

  // MARK: Findings

  func finding(_ index: UInt32) throws(Failure) -> ferry_finding {
    guard index < findings.count else {
      throw Failure(argument: "index", "one of \(findings.count) findings", found: "\(index)")
    }
    return findings[Int(index)]
  }

  private func described(_ finding: LayoutFinding) -> ferry_finding {
    let severity =
      switch finding.severity {
      case .note: FERRY_FINDING_NOTE
      case .warning: FERRY_FINDING_WARNING
      case .error: FERRY_FINDING_ERROR
      }
    return ferry_finding(
      severity: UInt32(severity), reserved: 0, path: memory.text(finding.path),
      message: memory.text(finding.message), offset: finding.range.lowerBound,
      size: finding.range.upperBound - finding.range.lowerBound)
  }

  // MARK: Fields

  func field(_ number: UInt32) throws(Failure) -> ferry_field {
    guard number < fields.count else {
      throw Failure(argument: "number", "one of \(fields.count) fields", found: "\(number)")
    }
    return fields[Int(number)]
  }

  /// All fields, level by level, so that the children of one follow each other.
  private func numbered() -> [ferry_field] {
    var nodes = [tree.root]
    var fields: [ferry_field] = []
    var next = 0
    while next < nodes.count {
      let node = nodes[next]
      var field = described(node)
      let children = node.fields + node.items
      field.first_child = children.isEmpty ? 0 : UInt32(nodes.count)
      field.child_count = UInt32(children.count)
      nodes += children
      fields.append(field)
      next += 1
    }
    return fields
  }

  private func described(_ node: LayoutNode) -> ferry_field {
    var field = ferry_field()
    field.name = memory.text(node.name)
    field.meaning = memory.text(node.meaning)
    if let range = node.range {
      field.has_place = 1
      field.offset = range.lowerBound
      field.size = range.upperBound - range.lowerBound
    }
    switch node.content {
    case .integer(let value):
      field.kind = UInt32(FERRY_FIELD_INTEGER)
      field.integer = UInt64(truncatingIfNeeded: value)
      field.integer_upper = Int64(truncatingIfNeeded: value >> 64)
    case .text(let text):
      field.kind = UInt32(FERRY_FIELD_TEXT)
      field.content = memory.text(text).map { UnsafeRawPointer($0) }
      field.content_size = UInt64(text.utf8.count)
    case .bytes(let payload):
      field.kind = UInt32(FERRY_FIELD_BYTES)
      field.content_size = payload.byteCount
      let (bytes, _) = memory.array(payload.loadedBytes ?? [])
      field.content = bytes.map { UnsafeRawPointer($0) }
    case .record: field.kind = UInt32(FERRY_FIELD_STRUCTURE)
    case .list(let items):
      field.kind = UInt32(FERRY_FIELD_ARRAY)
      field.elided_count = items.elidedCount
    }
    return field
  }
}

extension Layout {
  /// The shipped layout with this name.
  static func called(_ name: String) throws(Failure) -> Layout {
    guard let layout = named(name) else {
      let names = shipped.map(\.name).joined(separator: ", ")
      throw Failure(.layout, "one of \(names)", found: "'\(name)'")
    }
    return layout
  }
}
