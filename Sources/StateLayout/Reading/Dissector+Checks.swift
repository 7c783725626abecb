import ByteIO

extension Dissector {
  /// Checks a value that was read or computed.
  mutating func check(_ field: FieldDefinition, _ node: LayoutNode) {
    if let integer = node.integer, field.admits(integer) { return }
    let level = evaluator.top
    let saved = evaluator.frames[level].item
    let value = Value(node)
    evaluator.frames[level].item = value
    defer { evaluator.frames[level].item = saved }
    let range = node.range ?? evaluator.position..<evaluator.position
    for validity in field.validity {
      do throws(EvaluationProblem) {
        guard let expected = try violated(validity, value, field) else { continue }
        let found = value.text(isHexadecimal: field.isHexadecimal)
        find(field.severity, .value, range, "expected \(expected), found \(found)")
      } catch {
        find(.note, .value, range, "could not be checked: \(error.message)")
      }
    }
  }

  /// The expectation of a check that `value` does not pass; nil if it passes.
  private mutating func violated(
    _ validity: FieldDefinition.Validity, _ value: Value, _ field: FieldDefinition
  ) throws(EvaluationProblem) -> String? {
    func text(_ value: Value) -> String { value.text(isHexadecimal: field.isHexadecimal) }
    func integer() throws(EvaluationProblem) -> Int128 {
      guard case .integer(let integer) = value else {
        throw EvaluationProblem("expected an integer, found \(value.kind)")
      }
      return integer
    }
    switch validity {
    case .equal(let expression):
      let expected = try evaluator.value(expression)
      return try Evaluator.isEqual(value, expected) ? nil : text(expected)
    case .minimum(let expression):
      let minimum = try evaluator.integer(expression)
      return try integer() >= minimum ? nil : "at least \(text(.integer(minimum)))"
    case .maximum(let expression):
      let maximum = try evaluator.integer(expression)
      return try integer() <= maximum ? nil : "at most \(text(.integer(maximum)))"
    case .anyOf(let expressions):
      var allowed: [String] = []
      for expression in expressions {
        let expected = try evaluator.value(expression)
        if try Evaluator.isEqual(value, expected) { return nil }
        allowed.append(text(expected))
      }
      return "one of \(allowed.joined(separator: ", "))"
    case .inEnumeration:
      guard let enumeration = field.enumeration else { return nil }
      if enumeration.entries[try integer()] != nil { return nil }
      let known = enumeration.entries.sorted { $0.key < $1.key }
        .map { "\(text(.integer($0.key))) (\($0.value.label))" }
      return "one of \(known.joined(separator: ", "))"
    case .expression(let expression, let text):
      return try evaluator.truth(expression) ? nil : "a value with \(text)"
    }
  }

  /// Checks a rule of the structure that has just been read.
  mutating func check(_ rule: Rule, _ range: Range<UInt64>) {
    let (severity, message): (LayoutFinding.Severity, String)
    do throws(EvaluationProblem) {
      if let condition = rule.guardCondition, try !evaluator.truth(condition) { return }
      if try evaluator.truth(rule.condition) { return }
      (severity, message) = (self.severity(rule.severity, of: rule.id), text(rule.message))
    } catch {
      (severity, message) = (.note, "could not be checked: \(error.message)")
    }
    let field = rule.field.flatMap { evaluator.field(named: $0) }
    find(severity, .rule, field?.range ?? range, message, field: rule.field)
  }

  /// How much a rule's finding matters to this reader.
  func severity(
    _ severity: LayoutFinding.Severity, of rule: String?
  ) -> LayoutFinding.Severity {
    guard let rule, accepted.contains(rule) else { return severity }
    return min(severity, .warning)
  }

  mutating func text(_ message: Message) -> String {
    var text = ""
    for piece in message.pieces {
      switch piece {
      case .text(let fixed): text += fixed
      case .value(let expression, let isHexadecimal):
        do throws(EvaluationProblem) {
          text += try evaluator.value(expression).text(isHexadecimal: isHexadecimal)
        } catch {
          text += "(\(error.message))"
        }
      }
    }
    return text
  }

  /// Checks the rules about items against the next of them.
  mutating func check(_ state: inout ItemRuleState, _ node: LayoutNode) {
    let level = evaluator.top
    evaluator.frames[level].item = Value(node)
    defer { evaluator.frames[level].item = nil }
    for index in state.rules.indices {
      let rule = state.rules[index]
      let range = node.range ?? evaluator.position..<evaluator.position
      do throws(EvaluationProblem) {
        if let condition = rule.condition, try !evaluator.truth(condition) { continue }
        switch rule.kind {
        case .count(let counter): evaluator[counter: counter, at: level] += 1
        case .unique(let key):
          if !state.insert(try evaluator.value(key).key, rule: index) {
            find(severity(rule.severity, of: rule.id), .rule, range, text(rule.message))
          }
        case .ascending(let key, let group):
          let group = try group.map { (group) throws(EvaluationProblem) in
            try evaluator.integer(group)
          }
          if !state.advance(to: try evaluator.integer(key), group: group ?? 0, rule: index) {
            find(severity(rule.severity, of: rule.id), .rule, range, text(rule.message))
          }
        case .contiguous(let start, let end, let group):
          let group = try group.map { (group) throws(EvaluationProblem) in
            try evaluator.integer(group)
          }
          let (first, last) = (try evaluator.integer(start), try evaluator.integer(end))
          if let expected = state.follow(first, to: last, group: group ?? 0, rule: index) {
            find(
              severity(rule.severity, of: rule.id), .rule, range,
              "\(text(rule.message)), where what is before it ends at \(expected)")
          }
        case .refers(let key, let id):
          let key = try evaluator.value(key).key
          guard state.remember(key, rule: index) else { break }
          let finding = self.finding(
            severity(rule.severity, of: rule.id), .rule, range, text(rule.message))
          evaluator.frames[level].references.append(
            ItemReference(key: key, id: id, finding: finding))
        }
      } catch {
        find(.note, .rule, range, "could not be checked: \(error.message)")
      }
    }
  }

  /// Checks the references of items in the structure that has just been read.
  mutating func checkReferences() {
    let level = evaluator.top
    guard !evaluator.frames[level].references.isEmpty else { return }
    let keys = evaluator.frames[level].keys
    for reference in evaluator.frames[level].references {
      // A list that is not there has no keys.
      guard !(keys[reference.id]?.mayHave(reference.key) ?? false) else { continue }
      report.add(reference.finding)
    }
  }
}

/// Findings as they come, the first of them kept.
struct FindingList {
  private(set) var findings: [LayoutFinding] = []
  private(set) var more: UInt64 = 0
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  /// Adds a finding that is seen however many there are.
  mutating func addLast(_ finding: LayoutFinding) {
    if findings.count >= limit, findings.popLast() != nil { more += 1 }
    findings.append(finding)
  }

  mutating func add(_ finding: LayoutFinding) {
    if findings.count < limit {
      findings.append(finding)
    } else if finding.severity == .error,
      let index = findings.firstIndex(where: { $0.severity != .error })
    {
      // An error must not go unseen behind notes.
      findings.remove(at: index)
      findings.append(finding)
      more += 1
    } else {
      more += 1
    }
  }
}
