import ByteIO
import Devices
import StateLayout
import StateTranslation
import TestSupport
import Testing
import YAMLReader

@Suite struct StateVectorTests {
  @Test(arguments: Vector.all("states", "dissect"))
  func statesAreDissected(vector: Vector) throws {
    let state = try Self.state(vector)
    guard let (tree, certainty) = try Self.dissected(state, vector.node) else {
      let code: Int = try vector.node.value("error").number("code")
      #expect(code == 48 || code == 49)
      return
    }
    let result = try vector.node.value("result")
    #expect(tree.layout.name == (try result.text("layout")))
    #expect(certainty == (try result.text("certainty")))
    #expect((tree.isSound ? 1 : 0) == (try result.value("is_sound").integer()))
    #expect((tree.isComplete ? 1 : 0) == (try result.value("is_complete").integer()))
    #expect(tree.byteCount == (try result.value("size").integer()))
    #expect(tree.moreFindings == (try result.value("more_findings").integer()))
    let findings = try result.value("findings").items()
    #expect(tree.findings.count == findings.count)
    for (found, expected) in zip(tree.findings, findings) {
      #expect("\(found.severity)" == (try expected.text("severity")))
      #expect(found.path == (try expected.text("path")))
      #expect(found.message == (try expected.text("message")))
      #expect(found.range == (try expected.value("place").range()))
    }
    try Self.check(tree.root, 0, of: result.value("fields").items())
  }

  @Test(arguments: Vector.all("states", "translate"))
  func statesAreTranslated(vector: Vector) throws {
    let node = vector.node
    if let code: Int = try node.member("error")?.number("code"), code == 1 { return }  // C's
    let state = try Self.state(vector)
    let (tree, _) = try #require(try Self.dissected(state, node))
    guard let wanted = Layout.named(try node.text("to") ?? tree.layout.name) else {
      #expect(try node.value("error").number("code") == 48)
      return
    }
    var translator = Translator(for: DeviceFacts())
    do {
      translator.target = try Self.facts(node, "target_facts")
      translator.source = try Self.facts(node, "source_facts")
    } catch let error as YAMLError {
      let expected = try FoundError(node.value("error"))
      #expect(expected.message.hasSuffix("_facts: \(error)"))
      #expect(expected.line == error.mark.line && expected.column == error.mark.column)
      return
    }
    for name in try node.member("allowed")?.items() ?? [] {
      translator.allowed.insert(try #require(TranslationLoss(rawValue: try name.string())))
    }
    let flags: Int = try node.number("flags")
    translator.scrubs = flags == 1
    let outcome = translator.translate(state, from: tree.layout, to: wanted)
    let result = try node.value("result")
    #expect((outcome.report.isAccepted ? 1 : 0) == (try result.value("is_accepted").integer()))
    let output = outcome.state?.pieces.reduce(into: [UInt8]()) { bytes, piece in
      switch piece {
      case .bytes(let run): bytes += run
      case .source(let range):
        bytes += state.bytes[Int(range.lowerBound)..<Int(range.upperBound)]
      }
    }
    #expect((output ?? []) == (try result.value("output").hexadecimal()))
    let report = outcome.report.json(
      device: nil, isAccepted: outcome.report.isAccepted, byteCount: outcome.state?.byteCount,
      unchecked: outcome.report.unchecked, findings: [])
    #expect(report.text + "\n" == (try result.text("report")))
  }

  // MARK: What a case gives

  private static func state(_ vector: Vector) throws -> StateBytes {
    if let file = try vector.node.text("state") { return StateBytes(try vector.node.changed(file)) }
    return StateBytes(try vector.node.value("bytes").hexadecimal())
  }

  /// The state taken apart, and how sure its layout is; nil if there is none.
  private static func dissected(
    _ state: StateBytes, _ node: YAMLNode
  ) throws -> (LayoutTree, String)? {
    if let name = try node.text("layout") {
      return Layout.named(name).map { ($0.dissect(state), "given") }
    }
    let driver = try node.text("driver")
    let best = Layout.detect(state, driver: driver).completed(byDriver: driver).best
    return best.map { ($0.layout.dissect(state), "\($0.certainty)") }
  }

  private static func facts(_ node: YAMLNode, _ side: String) throws -> DeviceFacts {
    guard let text = try node.text(side) else { return DeviceFacts() }
    return try DeviceFacts(parsing: [UInt8](text.utf8))
  }

  /// Holds a field and those in it against the fields of a case, which say theirs by numbers.
  private static func check(_ found: LayoutNode, _ number: Int, of fields: [YAMLNode]) throws {
    let expected = fields[number]
    #expect(found.name == (try expected.text("name")))
    #expect(found.meaning == (try expected.text("meaning")), "\(found.name)")
    #expect(found.range == (try expected.member("place")?.range()), "\(found.name)")
    let kind =
      switch found.content {
      case .integer(let value):
        { () -> String in
          #expect((try? expected.text("integer")) == "\(value)")
          return "integer"
        }()
      case .text(let text):
        { () -> String in
          #expect((try? expected.text("text")) == text)
          return "text"
        }()
      case .bytes: "bytes"
      case .record: "structure"
      case .list: "array"
      }
    #expect(kind == (try expected.text("kind")))
    let children = found.fields + found.items
    let place: [Int] = try expected.member("children")?.numbers() ?? [0, 0]
    #expect(children.count == place[1])
    for (index, child) in children.enumerated() {
      try check(child, place[0] + index, of: fields)
    }
  }
}

extension YAMLNode {
  /// Offset and size as a range.
  fileprivate func range() throws -> Range<UInt64> {
    let numbers: [UInt64] = try numbers()
    return numbers[0]..<numbers[0] + numbers[1]
  }
}
