import DeviceTestSupport
import EmulatedDevices
import MigrationStream
import StateLayout
import StateTranslation
import Testing

/// State in place of other state, by what both tell.
@Suite struct ReplacementCheckTests {
  private typealias Property = ReplacementCheck.Property

  private static func state(_ uri: String) throws -> StateBytes {
    StateBytes(try device(uri).stopCopied())
  }

  private static let cases: [(own: String, new: String, fields: [String])] = [
    ("emulated:mtty?ports=2", "emulated:mtty?ports=1", ["ports[1]"]),
    ("emulated:mtty?ports=1", "emulated:mtty?ports=2&text=x", []),
    ("emulated:hisi_acc?qp=64", "emulated:hisi_acc?qp=32", ["match.qp_num"]),
    ("emulated:hisi_acc?device=zip", "emulated:hisi_acc?device=sec", ["match.dev_id"]),
    ("emulated:qat?services=0x3", "emulated:qat?services=0x7", ["CONFIG.svcmap"]),
    ("emulated:qat?sla=dc:0x1:20:40", "emulated:qat?sla=dc:0x1:30:40", ["GENER.sla[0]"]),
    ("emulated:xe?vram=64KiB&ggtt=64KiB", "emulated:xe?vram=128KiB&ggtt=64KiB", ["vram[0]"]),
    ("emulated:igb?size=1024", "emulated:igb?size=528", ["length"]),
  ]

  /// The state that was there says what its device was, and that is what the new one must fit.
  @Test(arguments: 0..<cases.count)
  func factsOfTheOldStateAreHeldAgainstTheNew(number: Int) throws {
    let (own, new, fields) = Self.cases[number]
    let check = ReplacementCheck(
      of: .init(state: try Self.state(new)), inPlaceOf: .init(state: try Self.state(own)))
    for field in fields {
      #expect(
        check.reasons.contains { $0.property == .facts && $0.found.hasPrefix("\(field): ") },
        "\(check.reasons)")
    }
    #expect(check.reasons.allSatisfy { $0.property == .facts })
    let same = ReplacementCheck(
      of: .init(state: try Self.state(own)), inPlaceOf: .init(state: try Self.state(own)))
    #expect(same.reasons.isEmpty)
  }

  /// What is known does not go where nothing tells what was there.
  @Test func whatIsNotKnownIsNotTheSame() throws {
    let known = ReplacementCheck.Side(state: try Self.state("emulated:mtty"))
    let unknown = ReplacementCheck.Side(state: StateBytes((0..<200).map { UInt8($0) ^ 0x5a }))
    let empty = ReplacementCheck.Side(state: StateBytes([]))
    func layouts(_ new: ReplacementCheck.Side<StateBytes>, _ own: ReplacementCheck.Side<StateBytes>)
      -> [String]
    {
      ReplacementCheck(of: new, inPlaceOf: own).reasons.filter { $0.property == .layout }
        .map { "\($0.wanted): \($0.found)" }
    }
    #expect(layouts(known, unknown) == ["state of a layout that is not known: mtty"])
    #expect(layouts(unknown, known) == ["mtty: state of a layout that is not known"])
    #expect(layouts(known, empty) == ["no state: mtty"])
    #expect(layouts(empty, known) == ["mtty: no state"])
    #expect(layouts(unknown, empty) == ["no state: state of a layout that is not known"])
    for side in [known, unknown, empty] { #expect(layouts(side, side).isEmpty) }
    #expect(
      ReplacementCheck(of: unknown, inPlaceOf: unknown).uncheckedOfState.contains("layout"))
  }

  /// Of a state that is not all at hand only the first bytes count.
  @Test func aBeginningTellsTheLayoutAndNoFacts() throws {
    let state = try device("emulated:mtty?ports=2").stopCopied()
    let own = ReplacementCheck.Side(
      prefix: Array(state.prefix(30)), byteCount: UInt64(state.count))
    let check = ReplacementCheck(
      of: .init(state: try Self.state("emulated:mtty?ports=1")), inPlaceOf: own)
    #expect(check.reasons.isEmpty && check.unchecked.contains(.facts))
  }
}
