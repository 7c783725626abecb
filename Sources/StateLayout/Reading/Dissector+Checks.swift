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
        if try admits(validity, value, field) { continue }
        guard report.takes(field.severity) else {
          report.passOver()
          continue
        }
        // Put together in place, as its path is.
        var message = "expected "
        message.reserveCapacity(96)
        message += try expectation(validity, field)
        message += ", found "
        message += value.text(isHexadecimal: field.isHexadecimal)
        find(field.severity, .value, range, message)
      } catch {
        find(.note, .value, range, "could not be checked: \(error.message)")
      }
    }
  }

  /// Whether `value` passes a check.
  private mutating func admits(
    _ validity: FieldDefinition.Validity, _ value: Value, _ field: FieldDefinition
  ) throws(EvaluationProblem) -> Bool {
    func integer() throws(EvaluationProblem) -> Int128 {
      guard case .integer(let integer) = value else {
        throw EvaluationProblem("expected an integer, found \(value.kind)")
      }
      return integer
    }
    switch validity {
    case .equal(let expression):
      return try Evaluator.isEqual(value, evaluator.value(expression))
    case .minimum(let expression):
      let minimum = try evaluator.integer(expression)
      return try integer() >= minimum
    case .maximum(let expression):
      let maximum = try evaluator.integer(expression)
      return try integer() <= maximum
    case .anyOf(let expressions):
      for expression in expressions {
        if try Evaluator.isEqual(value, evaluator.value(expression)) { return true }
      }
      return false
    case .inEnumeration:
      guard let enumeration = field.enumeration else { return true }
      return try enumeration.entries[integer()] != nil
    case .expression(let expression, _): return try evaluator.truth(expression)
    }
  }

  /// What a check that a value does not pass expects of it.
  private mutating func expectation(
    _ validity: FieldDefinition.Validity, _ field: FieldDefinition
  ) throws(EvaluationProblem) -> String {
    func text(_ value: Value) -> String { value.text(isHexadecimal: field.isHexadecimal) }
    switch validity {
    case .equal(let expression): return text(try evaluator.value(expression))
    case .minimum(let expression):
      return "at least \(text(.integer(try evaluator.integer(expression))))"
    case .maximum(let expression):
      return "at most \(text(.integer(try evaluator.integer(expression))))"
    case .anyOf(let expressions):
      var allowed: [String] = []
      for expression in expressions { allowed.append(text(try evaluator.value(expression))) }
      return "one of \(allowed.joined(separator: ", "))"
    case .inEnumeration:
      if let known = enumerated[ObjectIdentifier(field)] { return known }
      let known = (field.enumeration?.entries ?? [:]).sorted { $0.key < $1.key }
        .map { "\(text(.integer($0.key))) (\($0.value.label))" }
      let expected = "one of \(known.joined(separator: ", "))"
      enumerated[ObjectIdentifier(field)] = expected
      return expected
    case .expression(_, let text): return "a value with \(text)"
    }
  }

  /// Checks a rule of the structure that has just been read.
  mutating func check(_ rule: Rule, _ range: Range<UInt64>) {
    let severity: LayoutFinding.Severity
    let message: String
    do throws(EvaluationProblem) {
      if let condition = rule.guardCondition, try !evaluator.truth(condition) { return }
      if try evaluator.truth(rule.condition) { return }
      severity = self.severity(rule.severity, of: rule.id)
      guard report.takes(severity) else { return report.passOver() }
      message = text(rule.message)
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
    if message.pieces.count == 1, case .text(let fixed) = message.pieces[0] { return fixed }
    var text = ""
    text.reserveCapacity(96)
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
          if !state.insert(try evaluator.value(key).key, rule: index) { find(rule, range) }
        case .ascending(let key, let group):
          let group = try group.map { (group) throws(EvaluationProblem) in
            try evaluator.integer(group)
          }
          if !state.advance(to: try evaluator.integer(key), group: group ?? 0, rule: index) {
            find(rule, range)
          }
        case .contiguous(let start, let end, let group):
          let group = try group.map { (group) throws(EvaluationProblem) in
            try evaluator.integer(group)
          }
          let (first, last) = (try evaluator.integer(start), try evaluator.integer(end))
          if let expected = state.follow(first, to: last, group: group ?? 0, rule: index) {
            find(rule, range, ", where what is before it ends at \(expected)")
          }
        case .refers(let key, let id):
          let key = try evaluator.value(key).key
          // Of a list before this one, the key is there or never will be.
          if evaluator.frames[level].keys[id]?.contains(key) ?? false { break }
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

  /// Notes that a rule about items does not hold of the one that has just been read.
  private mutating func find(_ rule: ItemRule, _ range: Range<UInt64>, _ more: String = "") {
    let severity = severity(rule.severity, of: rule.id)
    guard report.takes(severity) else { return report.passOver() }
    find(severity, .rule, range, text(rule.message) + more)
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
  /// How many of those that are kept are no errors.
  private var mildCount = 0

  init(limit: Int) { self.limit = limit }

  /// Whether a finding would be kept: after the first, errors take the places of others.
  func takes(_ severity: LayoutFinding.Severity) -> Bool {
    findings.count < limit || severity == .error && mildCount > 0
  }

  /// Counts a finding that is not kept, which need not even be put in words.
  mutating func passOver() { more += 1 }

  /// Adds a finding that is seen however many there are.
  mutating func addLast(_ finding: LayoutFinding) {
    if findings.count >= limit, let last = findings.popLast() {
      if last.severity != .error { mildCount -= 1 }
      more += 1
    }
    append(finding)
  }

  mutating func add(_ finding: LayoutFinding) {
    guard takes(finding.severity) else { return passOver() }
    // An error must not go unseen behind notes.
    if findings.count >= limit,
      let index = findings.indices.first(where: { findings[$0].severity != .error })
    {
      findings.remove(at: index)
      mildCount -= 1
      more += 1
    }
    append(finding)
  }

  private mutating func append(_ finding: LayoutFinding) {
    if finding.severity != .error { mildCount += 1 }
    findings.append(finding)
  }
}
