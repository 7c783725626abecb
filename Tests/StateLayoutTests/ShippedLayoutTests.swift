import StateLayout
import StateTestSupport
import TestSupport
import Testing

/// A layout and a seed for a state of it.
struct LayoutCase: Sendable, CustomTestStringConvertible {
  let name: String
  let seed: UInt64
  var testDescription: String { "\(name), seed \(seed)" }

  static let all = RandomState.names.flatMap { name in
    seeds(12).map { LayoutCase(name: name, seed: $0) }
  }
}

@Suite struct ShippedLayoutTests {
  static func layout(_ name: String) throws -> Layout { try #require(Layout.named(name)) }

  @Test func everyFileCanBeRead() {
    #expect(Layout.shipped.map(\.name) == RandomState.names)
    for layout in Layout.shipped {
      #expect(!layout.title.isEmpty && layout.documentation != nil)
      #expect(layout.id == layout.name.map { $0 == "-" ? "_" : "\($0)" }.joined())
    }
  }

  @Test(arguments: LayoutCase.all)
  func whatIsTakenApartIsWrittenTheSame(_ state: LayoutCase) throws {
    let bytes = try RandomState.bytes(of: state.name, seed: state.seed)
    let tree = try Self.layout(state.name).dissect(bytes)
    #expect(tree.findings.filter { $0.severity == .error } == [])
    #expect(tree.isComplete && tree.isSound && tree.byteCount == UInt64(bytes.count))
    #expect(tree.root.range == 0..<UInt64(bytes.count))
    #expect(try tree.encodedBytes() == bytes)
    // A tree of which nothing is known but names and values is written the same too.
    let composed = LayoutTree(composing: tree.root.bare, by: tree.layout)
    #expect(try composed.encodedBytes() == bytes)
  }

  @Test(arguments: LayoutCase.all)
  func fieldsLieWhereTheySay(_ state: LayoutCase) throws {
    let bytes = try RandomState.bytes(of: state.name, seed: state.seed)
    let tree = try Self.layout(state.name).dissect(bytes)
    var covered = 0
    tree.root.forEachLeaf { leaf in
      guard leaf.origin == .sequence || leaf.origin == .remainder, let range = leaf.range else {
        return
      }
      if let payload = leaf.payload?.loadedBytes {
        #expect(payload == Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
      }
      covered = max(covered, Int(range.upperBound))
    }
    #expect(covered == bytes.count)
  }

  // Streams are long, and QAT's states mostly zeros; StreamLayoutTests and QATTests cut them.
  @Test(arguments: LayoutCase.all.filter { $0.seed < 1 && !["dms", "qat"].contains($0.name) })
  func aStateThatIsCutAnywhereIsUnsound(_ state: LayoutCase) throws {
    let bytes = try RandomState.bytes(of: state.name, seed: state.seed)
    let layout = try Self.layout(state.name)
    let ends = Self.endsThatSuffice(state.name, bytes, layout)
    for count in bytes.indices where !ends.contains(count) {
      let tree = layout.dissect(Array(bytes[..<count]))
      guard tree.isSound else { continue }
      Issue.record("\(count) of \(bytes.count) bytes are taken for a whole state")
    }
  }

  /// The lengths at which a prefix of a state is a state by all that its bytes say.
  private static func endsThatSuffice(_ name: String, _ bytes: [UInt8], _ layout: Layout) -> Set<
    Int
  > {
    switch name {
    case "mlx5-raw": Set(1..<bytes.count)
    case "pds": Set(stride(from: 4, to: bytes.count, by: 4))
    case "hisi_acc-v1", "hisi_acc-v2": [40]
    case "igb": [528]
    case "mlx5":
      // A record is whole without the next; the first announces a size only.
      Set(
        layout.dissect(bytes)["records"]?.items.dropFirst().compactMap { $0.range }
          .map { Int($0.upperBound) } ?? [])
    default: []
    }
  }

  @Test(arguments: RandomState.names.filter { !["mlx5-raw", "pds", "dms"].contains($0) })
  func aByteTooManyIsUnsound(_ name: String) throws {
    let bytes = try RandomState.bytes(of: name, seed: 1) + [0]
    let tree = try Self.layout(name).dissect(bytes)
    #expect(!tree.isSound)
    #expect(!tree.isComplete || ["igb", "hisi_acc-v1", "hisi_acc-v2"].contains(name))
  }

  @Test(arguments: LayoutCase.all.filter { $0.seed < 4 })
  func contentOrDriverTellsWhatAStateIs(_ state: LayoutCase) throws {
    let bytes = try RandomState.bytes(of: state.name, seed: state.seed)
    let layout = try Self.layout(state.name)
    let isNameless = ["mlx5-raw", "pds"].contains(state.name)
    let detection = Layout.detect(
      prefix: Array(bytes.prefix(256)), byteCount: UInt64(bytes.count),
      driver: isNameless ? layout.drivers.first : nil)
    #expect(detection.best?.layout.name == state.name, "\(detection.candidates.map(\.reason))")
    #expect(detection.best?.reason.isEmpty == false)
    if isNameless {
      #expect(Layout.detect(prefix: bytes, byteCount: UInt64(bytes.count)).best == nil)
    }
  }

  @Test(arguments: LayoutCase.all)
  func aStateThatIsCutIsWrittenTheSameOrNotAtAll(_ state: LayoutCase) throws {
    var random = SplitMix64(seed: state.seed)
    let whole = try RandomState.bytes(of: state.name, seed: state.seed)
    let layout = try Self.layout(state.name)
    for _ in 0..<20 {
      let bytes = Array(whole.prefix(Int.random(in: whole.indices, using: &random)))
      let tree = layout.dissect(bytes)
      do throws(LayoutError) {
        #expect(try tree.encodedBytes() == bytes)
        #expect(tree.isComplete, "\(bytes.count) of \(whole.count) bytes")
      } catch {
        #expect(!tree.isComplete && error.code == .incomplete, "\(error)")
        #expect(error.message.contains("expected") && error.message.contains("found"), "\(error)")
        // It names what was met in reading.
        let found = tree.findings.contains { finding in
          error.place == .field(finding.path) && error.message == finding.message
        }
        #expect(found, "\(error), among \(tree.findings)")
      }
    }
  }

  @Test(arguments: RandomState.names)
  func noBytesAtAllAreUnsound(_ name: String) throws {
    let tree = try Self.layout(name).dissect([])
    #expect(!tree.isSound)
    #expect(Layout.detect(prefix: [], byteCount: 0).best == nil)
  }

  @Test(arguments: LayoutCase.all)
  func damageIsNeverFatal(_ state: LayoutCase) throws {
    var random = SplitMix64(seed: state.seed)
    let whole = try RandomState.bytes(of: state.name, seed: state.seed)
    let layout = try Self.layout(state.name)
    for _ in 0..<12 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = random.bytes(1)[0]
      }
      let tree = layout.dissect(bytes)
      do throws(LayoutError) {
        #expect(try tree.encodedBytes() == bytes)
      } catch {
        #expect(!tree.isComplete, "\(error)")
      }
    }
  }
}

extension LayoutNode {
  /// The same names and values, with nothing known of where they were read.
  var bare: LayoutNode {
    switch content {
    case .record(let fields):
      LayoutNode(name, fields: fields.filter { $0.origin == .sequence }.map(\.bare))
    case .list: LayoutNode(name, items: items.map(\.bare))
    default: LayoutNode(name, content)
    }
  }

  func forEachLeaf(_ body: (LayoutNode) -> Void) {
    switch content {
    case .record(let fields): for field in fields { field.forEachLeaf(body) }
    case .list: for item in items { item.forEachLeaf(body) }
    default: body(self)
    }
  }
}
