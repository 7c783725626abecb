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
        ("device", ["4xxx", "402xx", "420xx", "gen6"]), ("vf", ["0", "3"]), ("services", ["0x3"]),
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
    // A device that can be asked leaves nothing open, but for a state that no layout is of.
    let isJudged = whole.judgement.unjudged == nil
    #expect(!isJudged || whole.report.verdict != .unchecked, pair)
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
    let beginning = StateJudgement(
      beginning: Array(state.prefix(state.count * 2 / 3)), of: introduction,
      for: ReplayTarget(try device(target), number: 0), by: try device(target).knownFacts(),
      limit: "the rest is missing")
    // What its first bytes say against a state all of it says.
    #expect(
      beginning.refusals.isEmpty || !alone.refusals.isEmpty, "\(pair): \(beginning.refusals)")
    #expect(beginning.unjudged != nil || beginning.beginningByteCount == state.count * 2 / 3, pair)
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

  private func introduction(_ stream: [UInt8]) throws -> DeviceIntroduction {
    var introduction = DeviceIntroduction(number: 0)
    for record in try DecodedStream(stream).records { _ = introduction.add(record) }
    return introduction
  }

  private func judged(
    _ stream: [UInt8], _ state: [UInt8], onto target: String
  ) throws -> (judgement: StateJudgement, report: CompatibilityReport) {
    let device = try device(target)
    let introduction = try introduction(stream)
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

  /// What a translation is told of a device that is at hand is what a replay of its result is told,
  /// and what the device then does.
  @Test(arguments: seeds(4))
  func translationIsJudgedAsItsReplay(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var verdicts: Set<CompatibilityReport.Verdict> = []
    for source in Self.kinds {
      let name = Self.uri(source, &random)
      let box = StreamBox()
      _ = try capture([try device(name)], into: box)
      for kind in Self.kinds.filter({ $0.name != source.name && random.next() % 3 == 0 })
        + Array(repeating: source, count: 8)
      {
        let target = Self.uri(kind, &random)
        for layout in try device(target).facts.layouts ?? [] {
          verdicts.formUnion(try translate(name, box.bytes, to: layout, for: target, &random))
        }
      }
    }
    #expect(verdicts == [.can, .cannot])
  }

  private static func full(_: some Error) -> SinkFull { SinkFull() }

  /// Translates, and holds the answer against that of a replay; empty if the translation was
  /// refused.
  private func translate(
    _ source: String, _ stream: [UInt8], to layout: String, for target: String,
    _ random: inout SplitMix64
  ) throws -> Set<CompatibilityReport.Verdict> {
    let pair: Comment = "\(source) to \(layout) onto \(target)"
    let state = StateBytes(try DecodedStream(stream).states[0] ?? [])
    let taker = try device(target)
    var translator = Translator(for: taker.facts)
    translator.asksTarget = true
    if random.next() % 2 == 0 { translator.allowed = Set(TranslationLoss.allCases) }
    let wanted = try #require(Layout.named(layout))
    let device: TranslatedDevice<StateBytes>
    do {
      device = try TranslatedDevice(
        try introduction(stream), state: state, from: nil, to: wanted, by: translator,
        records: RecordTranslation(for: taker.facts))
    } catch TranslationError<Never>.unknownLayout {
      return []
    }
    let report = try CompatibilityReport(
      device, from: translator.source, for: ReplayTarget(taker, number: 0))
    guard device.outcome.report.isAccepted else { return [] }
    let box = StreamBox()
    var records = MemorySource(stream)
    var translation = StreamTranslation(
      [device], information: StreamInformation(producer: "test"), into: try MemorySink(box),
      stateFailure: Self.full)
    try records.copy(into: &translation)
    try translation.finish()
    let translated = try #require(device.outcome.state).bytes(from: state)
    #expect(try judged(box.bytes, translated, onto: target).report == report, pair)
    let isRestored = (try? replay(box.bytes, onto: [taker])) != nil
    #expect((report.verdict == .can) == isRestored, pair)
    return [report.verdict]
  }

  /// A state that may stand in place of a device's own is one that the device takes, as far as its
  /// own tells.
  @Test(arguments: seeds(4))
  func whatMayStandInPlaceIsTaken(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var (takenCount, refusedCount) = (0, 0)
    for kind in Self.kinds {
      for _ in 0..<8 {
        let names = [Self.uri(kind, &random), Self.uri(kind, &random)]
        let pair: Comment = "\(names[1]) in place of \(names[0])"
        let states = try names.map { name in
          let box = StreamBox()
          _ = try capture([try device(name)], into: box)
          return StateBytes(try DecodedStream(box.bytes).states[0] ?? [])
        }
        let own = ReplacementCheck.Side(state: states[0])
        #expect(ReplacementCheck(of: own, inPlaceOf: own).reasons.isEmpty, pair)
        let check = ReplacementCheck(
          of: ReplacementCheck.Side(state: states[1]), inPlaceOf: own)
        guard check.reasons.isEmpty, check.uncheckedOfState.isEmpty else {
          if !check.reasons.isEmpty { refusedCount += 1 }
          continue
        }
        takenCount += 1
        #expect(try device(names[0]).refusal(of: states[1]) == nil, pair)
      }
    }
    #expect(takenCount > 0 && refusedCount > 0)
  }
}
