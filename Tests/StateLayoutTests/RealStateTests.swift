import StateLayout
import StateTestSupport
import TestSupport
import Testing

/// State that the kernel's driver handed out.
@Suite struct RealStateTests {
  @Test(arguments: ["mtty1-1", "mtty1-3", "mtty2-5"])
  func mttyIsSoundAndWrittenTheSame(_ name: String) throws {
    let bytes = try Corpus.bytes("mtty/\(name).state")
    let tree = try ShippedLayoutTests.layout("mtty").dissect(bytes)
    #expect(tree.findings == [])
    #expect(try tree.encodedBytes() == bytes)
  }

  @Test func mttyHasTheBytesThatWereSent() throws {
    let tree = try ShippedLayoutTests.layout("mtty")
      .dissect(Corpus.bytes("mtty/mtty2-5.state"))
    #expect(tree.integer("header.nr_ports") == 2)
    #expect(tree["ports[0].fifo"]?.payload?.loadedBytes?.prefix(5) == Array("hello".utf8)[...])
    #expect(tree["ports[0].dlab"]?.meaning == "no")
    #expect(tree["ports[1].divisor"]?.range == 90..<92)
    #expect(tree["ports[2]"] == nil && tree["ports.head"] == nil && tree["nothing"] == nil)
  }

  @Test func theHoleInTheDriversCheckIsAFinding() throws {
    var bytes = try Corpus.bytes("mtty/mtty1-3.state")
    bytes[16] = 2
    let tree = try ShippedLayoutTests.layout("mtty").dissect(bytes)
    #expect(!tree.isComplete)
    #expect(tree.findings.map(\.path) == ["ports[1].uart_reg[0]"])
    #expect(tree.findings.first?.kind == .truncated)
    #expect(throws: LayoutError.self) { try tree.encode() }
  }

  @Test func aValueThatTheDriverDoesNotLookAtIsAFinding() throws {
    var bytes = try Corpus.bytes("mtty/mtty1-3.state")
    bytes[48] = 99
    let tree = try ShippedLayoutTests.layout("mtty").dissect(bytes)
    #expect(tree.findings.contains { $0.path == "ports[0].head" && $0.severity == .error })
    #expect(tree.isComplete && !tree.isSound)
    #expect(try tree.encodedBytes() == bytes)
  }
}
