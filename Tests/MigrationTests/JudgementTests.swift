import DeviceTestSupport
import Devices
import EmulatedDevices
import Migration
import MigrationStream
import StateLayout
import StateTranslation
import TestSupport
import Testing

/// Whether a target can take a state, told beforehand, against what its driver then does.
@Suite struct JudgementTests {
  /// A family, and for each of its parameters the values that are tried.
  private struct Kind: Sendable {
    let name: String
    let parameters: [(key: String, values: [String])]
    /// Of each device, so that its state is small.
    var fixed = ""

    func device(_ random: inout SplitMix64) -> String {
      var result = "emulated:\(name)?\(fixed)"
      for (key, values) in parameters where random.next() % 2 == 0 {
        guard let value = values.randomElement(using: &random) else { continue }
        result += "&\(key)=\(value)"
      }
      return result
    }
  }

  private static let kinds = [
    Kind(
      name: "mtty", parameters: [("ports", ["1", "2"]), ("text", ["a", "bc"])], fixed: "step=7"),
    Kind(
      name: "hisi_acc",
      parameters: [
        ("generation", ["first", "v1", "v2"]), ("device", ["zip", "sec"]), ("qp", ["32", "64"]),
        ("isolation", ["0", "3"]), ("ready", ["no"]),
      ], fixed: "qp-base=8"),
    Kind(
      name: "virtio-net",
      parameters: [
        ("queue-size", ["128", "512"]), ("vectors", ["8", "20"]), ("feature-words", ["2"]),
        ("features", ["0x10530cf99a7"]), ("max-pairs", ["8"]),
      ], fixed: "pairs=2"),
    Kind(
      name: "qat",
      parameters: [
        ("device", ["4xxx", "402xx", "gen6"]), ("vf", ["0", "3"]), ("services", ["0x3"]),
        ("sla", ["dc:0x3:10:20", "dc:0x1:20:40"]), ("extdc", ["0x1"]), ("ready", ["no"]),
      ], fixed: "step=1MiB"),
    Kind(
      name: "mlx5",
      parameters: [
        ("format", ["raw", "tagged"]), ("firmware", ["1", "2"]), ("size-record", ["no"]),
        ("capabilities", ["0x7", "0xff"]), ("chunks", ["yes"]),
      ], fixed: "size=16KiB"),
    Kind(
      name: "xe",
      parameters: [
        ("packet", ["16KiB"]), ("media", ["no"]), ("device", ["0x7d55"]), ("revision", ["9"]),
      ], fixed: "vram=64KiB&ggtt=64KiB"),
    Kind(
      name: "nvme",
      parameters: [
        ("queues", ["1", "4"]), ("max-queues", ["4", "8"]), ("depth", ["64"]), ("vectors", ["4"]),
        ("max-depth", ["64", "1024"]), ("packing", ["tp4159", "linux-rfc"]), ("wrr", ["yes"]),
        ("interrupts", ["no"]), ("contiguous", ["no"]), ("vendor-state", ["8"]),
      ], fixed: "step=1MiB"),
    Kind(name: "pds", parameters: [("firmware", ["1", "2"])], fixed: "size=4KiB"),
    Kind(
      name: "igb",
      parameters: [
        ("size", ["528", "1024"]), ("vf", ["0", "5"]), ("addresses", ["3"]), ("ready", ["no"]),
      ], fixed: "step=1MiB"),
    Kind(name: "synthetic", parameters: [("p2p", ["no"])], fixed: "size=64KiB&precopy=16KiB"),
  ]

  /// A device of a family, as `random` has it; some parameters do not go together.
  private static func uri(_ kind: Kind, _ random: inout SplitMix64) -> String {
    while true {
      let name = kind.device(&random)
      if (try? device(name)) != nil { return name }
    }
  }

  private static func family(_ name: String) -> Substring { name.prefix { $0 != "?" } }

  @Test func everyFamilyIsThere() {
    #expect(Set(Self.kinds.map(\.name)) == Set(EmulatedFamily.all.map(\.name)))
  }

  /// Every family against every other, and each more often against its own.
  @Test(arguments: seeds(4))
  func checkSaysYesWhereReplaySucceeds(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for source in Self.kinds {
      let name = Self.uri(source, &random)
      let box = StreamBox()
      _ = try capture([try device(name)], into: box)
      let state = try DecodedStream(box.bytes).states[0] ?? []
      for kind in Self.kinds + Array(repeating: source, count: 7) {
        try compare(
          name, box.bytes, state, with: Self.uri(kind, &random), isNamed: random.next() % 2 == 0)
      }
    }
  }

  /// Holds the answers for a whole stream and for its state alone against what the target does.
  private func compare(
    _ source: String, _ stream: [UInt8], _ state: [UInt8], with target: String, isNamed: Bool
  ) throws {
    let pair: Comment = "\(source) onto \(target)"
    let whole = try judged(stream, state, onto: target)
    let restored = try device(target)
    let content = restored.model.digest
    do {
      _ = try replay(stream, onto: [restored]) { $0.targets[0].judgement = whole.judgement }
      #expect(whole.report.isCompatible, pair)
    } catch let error as ReplayError<StreamError> {
      guard case .incompatible = error.cause else { throw error }
      #expect(!whole.report.isCompatible, pair)
      #expect(restored.arcs.isEmpty && restored.model.digest == content, pair)
    }
    // The driver alone, with nothing but the state, and the word of its source's driver or not.
    let introduction = DeviceIntroduction(
      number: 0, identity: isNamed ? try identity(source) : DeviceIdentity())
    let alone = try StateJudgement(
      StateBytes(state), of: introduction, for: ReplayTarget(try device(target), number: 0))
    let taken = try device(target).model.facts.layouts
    guard let layout = alone.layout, let taken else {
      #expect(alone.unjudged != nil || taken == nil, pair)
      return
    }
    let isTaken = try device(target).refusal(of: state) == nil && taken.contains(layout)
    // What a driver overlooks: a record that never ends, and a GT of which there is no state.
    let isOverlooked =
      Self.family(source) != Self.family(target)
      || alone.refusals.allSatisfy { $0.field.hasPrefix("gt[") }
    #expect(
      alone.refusals.isEmpty == isTaken || isTaken && isOverlooked, "\(pair): \(alone.refusals)")
    #expect(!alone.refusals.isEmpty || alone.unchecked.isEmpty && alone.unjudged == nil, pair)
  }

  private func identity(_ name: String) throws -> DeviceIdentity { try device(name).identity() }

  private func judged(
    _ stream: [UInt8], _ state: [UInt8], onto target: String
  ) throws -> (judgement: StateJudgement, report: CompatibilityReport) {
    let device = try device(target)
    var introduction = DeviceIntroduction(number: 0)
    for record in try DecodedStream(stream).records { _ = introduction.add(record) }
    let judgement = try StateJudgement(
      StateBytes(state), of: introduction, for: ReplayTarget(device, number: 0))
    var engine = ReplayEngine([ReplayTarget(device, number: 0)], clock: ManualClock())
    engine.targets[0].judgement = judgement
    var source = MemorySource(stream)
    let report = try engine.check(&source)
    // What is read once is judged when it was read, and alike.
    engine.targets[0].judgement = nil
    var again = MemorySource(stream)
    #expect(try engine.check(&again) == report)
    return (judgement, report)
  }
}
