import DeviceTestSupport
import Devices
import EmulatedDevices
import MigrationStream
import StateLayout
import StateTranslation
import TestSupport
import Testing

/// Translated states on emulated devices, which check as the kernel's drivers and the devices
/// behind them do.
@Suite struct TranslationTests {
  private func translated(
    _ state: [UInt8], _ source: String, _ target: String, for facts: DeviceFacts,
    from: DeviceFacts = DeviceFacts(), allowing: Set<TranslationLoss> = []
  ) throws -> Translator.Outcome {
    var translator = Translator(for: facts)
    translator.source = from
    translator.allowed = allowing
    return translator.translate(
      state, from: try #require(Layout.named(source)), to: try #require(Layout.named(target)))
  }

  private func bytes(_ outcome: Translator.Outcome, over state: [UInt8]) throws -> [UInt8] {
    #expect(outcome.report.refusals.isEmpty)
    return try #require(outcome.state).bytes(from: StateBytes(state))
  }

  // MARK: igb

  @Test(arguments: [528, 1024], [528, 1024])
  func igbIsRefusedWhereItsDeviceRefuses(from: Int, to: Int) throws {
    for (source, target) in [(0, 0), (0, 7), (5, 4), (3, 3)] {
      let state = try device("emulated:igb?size=\(from)&vf=\(source)&seed=1").stopCopied()
      let there = try device("emulated:igb?size=\(to)&vf=\(target)&seed=2")
      let outcome = try translated(state, "igb", "igb", for: there.model.facts)
      #expect(outcome.report.unchecked.map(\.fact) == ["pci (source)"])
      var fields: [String] = []
      if from != to { fields.append("length") }
      if (from, to) == (528, 528), source != target { fields.append("vfn") }
      #expect(outcome.report.refusals.map(\.field) == fields)
      #expect((there.refusal(of: state) == nil) == outcome.report.isAccepted)
    }
  }

  // MARK: hisi_acc

  @Test(arguments: ["zip", "sec", "hpre"], seeds(16))
  func hisiGoesToTheOldKernelAndBackToTheFirstBytes(accelerator: String, seed: UInt64) throws {
    let name = "emulated:hisi_acc?device=\(accelerator)&seed=\(seed)&generation="
    let state = try device(name + "v2").stopCopied()
    let old = try device(name + "v1&ready=no")
    #expect(old.refusal(of: state)?.errno == .fault)
    let there = try bytes(
      try translated(state, "hisi_acc-v2", "hisi_acc-v1", for: old.model.facts), over: state)
    let another = try device(name + "v1&ready=no")
    #expect(another.refusal(of: there) == nil)
    #expect(another.model.digest == (try device(name + "v2")).model.digest)
    let new = try device(name + "v2")
    let back = try bytes(
      try translated(there, "hisi_acc-v1", "hisi_acc-v2", for: new.model.facts), over: there)
    #expect(back == state)
  }

  /// A queue at 4 GiB whose context begins with zeros: what version 1 has for its address is 0.
  private func stateWithNullAddress() throws -> [UInt8] {
    var bytes = try device("emulated:hisi_acc?generation=v1&seed=4").stopCopied()
    bytes.put(0 as UInt32, at: 64)
    bytes.put(0 as UInt32, at: 68)
    bytes.put(1 as UInt32, at: 72)
    bytes.put(0 as UInt64, at: 144)
    return bytes
  }

  @Test(arguments: [40, 41, 100, 175])
  func theNewKernelLoadsNothingOfVersion1InPiecesAndAllOfWhatIsTranslated(first: Int) throws {
    let state = try stateWithNullAddress()
    // As a VMM writes it that read the match data in pre-copy.
    let naive = try device("emulated:hisi_acc?generation=v2&ready=no")
    let before = naive.model.digest
    #expect(naive.refusal(of: state, step: pieces(first)) == nil)
    if first == 40 { #expect(naive.model.digest == before) }
    let target = try device("emulated:hisi_acc?generation=v2&ready=no")
    let there = try bytes(
      try translated(state, "hisi_acc-v1", "hisi_acc-v2", for: target.model.facts), over: state)
    #expect(target.refusal(of: there, step: pieces(first)) == nil)
    #expect(target.model.digest != before)
  }

  private func pieces(_ first: Int) -> () -> Int {
    var sizes = [first]
    return { sizes.popLast() ?? .max }
  }

  @Test func anAddressThatVersion1CannotHaveIsRefused() throws {
    var state = try device("emulated:hisi_acc?generation=v2&seed=4").stopCopied()
    state.put(0 as UInt32, at: 64)
    state.put(0 as UInt32, at: 68)
    state.put(UInt64(state.little(UInt32.self, at: 72)) << 32, at: 144)
    let outcome = try translated(state, "hisi_acc-v2", "hisi_acc-v1", for: DeviceFacts())
    #expect(outcome.report.refusals.map(\.field) == ["registers.eqe_dma"])
  }

  @Test(arguments: ["device=sec", "qp=32", "isolation=7"])
  func anotherAcceleratorIsRefusedByTheFieldThatDiffers(difference: String) throws {
    let state = try device("emulated:hisi_acc?generation=v2").stopCopied()
    let target = try device("emulated:hisi_acc?generation=v2&\(difference)")
    let outcome = try translated(state, "hisi_acc-v2", "hisi_acc-v2", for: target.model.facts)
    #expect(outcome.report.refusals.count == 1)
    #expect(target.refusal(of: state)?.errno == .fault)
  }

  // MARK: virtio

  private static let vendorA = "emulated:virtio-net?pairs=8&queue-size=512&vectors=20"
  private static let vendorB =
    "emulated:virtio-net?pairs=8&max-pairs=32&queue-size=1024&vectors=40&feature-words=2"
    + "&features=0x10530cf99a7&bar=2"

  @Test(arguments: seeds(16))
  func vendorBTakesTheGuestOfVendorAAfterTranslation(seed: UInt64) throws {
    let source = try device(Self.vendorA + "&seed=\(seed)")
    let held = source.model.digest
    let state = try source.stopCopied()
    #expect(try device(Self.vendorB).refusal(of: state)?.errno == .invalid)
    let target = try device(Self.vendorB)
    let there = try bytes(
      try translated(state, "virtio", "virtio", for: target.model.facts), over: state)
    #expect(target.refusal(of: there) == nil)
    #expect(target.model.digest == held)
    // The old kind does not take it any more, and takes it when it is translated back.
    #expect(try device(Self.vendorA).refusal(of: there)?.errno == .invalid)
    let home = try device(Self.vendorA)
    let back = try bytes(
      try translated(there, "virtio", "virtio", for: home.model.facts), over: there)
    #expect(home.refusal(of: back) == nil)
    #expect(home.model.digest == held)
    #expect(back == state)
  }

  @Test func preCopyRecordsBecomeTheLastOne() throws {
    let source = try device(Self.vendorA + "&seed=3&refresh=3")
    let (running, stopped) = try source.preCopied()
    let state = running + stopped
    let target = try device(Self.vendorB)
    let outcome = try translated(state, "virtio", "virtio", for: target.model.facts)
    #expect(outcome.report.rewrites.contains { $0.field == "records" })
    let there = try bytes(outcome, over: state)
    #expect(there.count < state.count)
    #expect(target.refusal(of: there) == nil)
  }

  @Test(arguments: [
    ("pairs=4&queue-size=1024", ["pci_common_cfg.num_queues", "vq_cfg[9]"]),
    ("pairs=8&queue-size=256", ["vq_cfg[0].queue_size", "vq_cfg[16].queue_size"]),
    ("pairs=8&queue-size=512&notify-base=4", ["vq_notify_cfg[0].queue_notify_off"]),
    ("pairs=8&queue-size=512&features=0x13081f9a3", ["drv_features"]),
    ("pairs=8&queue-size=512&vectors=4", ["vq_cfg[5].vector"]),
  ])
  func aTargetThatTheGuestWouldNoticeIsRefusedWithEveryReason(
    parameters: String, fields: [String]
  ) throws {
    let state = try device(
      Self.vendorA + "&seed=1&negotiated=0x130cf99a3"
    ).stopCopied()
    let target = try device("emulated:virtio-net?\(parameters)")
    let outcome = try translated(state, "virtio", "virtio", for: target.model.facts)
    #expect(outcome.state == nil)
    for field in fields {
      #expect(
        outcome.report.refusals.contains { $0.field == field },
        "\(field) among \(Set(outcome.report.refusals.map(\.field)).sorted())")
    }
    #expect(target.refusal(of: state) != nil)
  }

  @Test func aDeviceRefusesPartsWithoutItsFeaturesAndTakesThemInOrder() throws {
    let state = try device(Self.vendorA + "&seed=2").stopCopied()
    let layout = try #require(Layout.named("virtio"))
    // The naive way: DEV_FEATURES is optional, so it is left out.
    var tree = layout.dissect(state)
    try tree.root.update("records[0].payload.parts") { node in
      guard case .list(var items) = node.content else { return }
      items.first.removeFirst()
      node.content = .list(items)
    }
    let naive = try tree.encodedBytes()
    #expect(try device(Self.vendorB).refusal(of: naive)?.errno == .invalid)
    let target = try device(Self.vendorB)
    let there = try bytes(
      try translated(naive, "virtio", "virtio", for: target.model.facts), over: naive)
    #expect(target.refusal(of: there) == nil)
  }

  @Test(arguments: seeds(16))
  func partsInAnyOrderAreTakenAfterTranslation(seed: UInt64) throws {
    let source = try device(Self.vendorA + "&seed=\(seed)")
    let held = source.model.digest
    let state = try source.stopCopied()
    var random = SplitMix64(seed: seed)
    var tree = try #require(Layout.named("virtio")).dissect(state)
    try tree.root.update("records[0].payload.parts") { node in
      guard case .list(var items) = node.content else { return }
      items.first.shuffle(using: &random)
      node.content = .list(items)
    }
    let shuffled = try tree.encodedBytes()
    #expect(try device(Self.vendorA).refusal(of: shuffled)?.errno == .invalid)
    let target = try device(Self.vendorA)
    let there = try bytes(
      try translated(shuffled, "virtio", "virtio", for: target.model.facts), over: shuffled)
    #expect(target.refusal(of: there) == nil)
    #expect(target.model.digest == held)
  }

  // MARK: QAT

  @Test(arguments: seeds(16))
  func agreementsMoveWithTheVirtualFunction(seed: UInt64) throws {
    let source = try device("emulated:qat?vf=0&sla=dc:0x3:10:20&seed=\(seed)")
    let held = source.model.digest
    let state = try source.stopCopied()
    let name = "emulated:qat?vf=3&sla=dc:0x3:20:40&ready=no"
    #expect(try device(name).refusal(of: state) != nil)
    let target = try device(name)
    let there = try bytes(try translated(state, "qat", "qat", for: target.model.facts), over: state)
    #expect(target.refusal(of: there) == nil)
    #expect(target.model.digest == held)
    #expect(try device("emulated:qat?vf=0&sla=dc:0x3:10:20").refusal(of: there) != nil)
    let home = try device("emulated:qat?vf=0&sla=dc:0x3:10:20")
    #expect(
      try bytes(try translated(there, "qat", "qat", for: home.model.facts), over: there) == state)
  }

  @Test func agreementsAreDroppedOnlyWhereThatIsAllowed() throws {
    let state = try device("emulated:qat?vf=1&sla=dc:0x3:10:20&sla=sym:0x4:1:2").stopCopied()
    let target = try device("emulated:qat?vf=1&ready=no")
    let refused = try translated(state, "qat", "qat", for: target.model.facts)
    #expect(refused.report.refusals.map(\.loss) == [.serviceLevels, .serviceLevels])
    let allowed = try translated(
      state, "qat", "qat", for: target.model.facts, allowing: [.serviceLevels])
    #expect(allowed.report.losses.map(\.lost) == ["2 agreements"])
    let there = try bytes(allowed, over: state)
    #expect(there.count == 4096)
    #expect(target.refusal(of: there) == nil)
  }

  @Test(arguments: [
    ("capabilities=0x3fff", "CONFIG.gencap"), ("services=9", "CONFIG.svcmap"),
    ("extdc=0xf", "CONFIG.extdc"),
  ])
  func capabilitiesAreComparedAndNeverRewritten(parameter: String, field: String) throws {
    let state = try device("emulated:qat?capabilities=0x103fff").stopCopied()
    let target = try device("emulated:qat?device=gen6&\(parameter)")
    let outcome = try translated(
      state, "qat", "qat", for: target.model.facts, allowing: [.serviceLevels])
    #expect(outcome.report.refusals.map(\.field) == [field])
    #expect(target.refusal(of: state)?.errno == .invalid)
  }

  @Test func generationsWithTheSameAbilitiesTakeEachOthersState() throws {
    let state = try device("emulated:qat?device=4xxx&seed=7").stopCopied()
    let target = try device("emulated:qat?device=gen6&ready=no")
    let there = try bytes(try translated(state, "qat", "qat", for: target.model.facts), over: state)
    #expect(target.refusal(of: there) == nil)
  }

  // MARK: mlx5

  @Test(arguments: seeds(4))
  func rawImagesGoIntoRecordsAndBack(seed: UInt64) throws {
    let source = try device("emulated:mlx5?format=raw&size=64KiB&seed=\(seed)")
    let (held, facts) = (source.model.digest, source.model.facts)
    let state = try source.stopCopied()
    #expect(try device("emulated:mlx5?size=64KiB").refusal(of: state) != nil)
    let target = try device("emulated:mlx5?size=64KiB")
    let there = try bytes(
      try translated(state, "mlx5-raw", "mlx5", for: target.model.facts, from: facts), over: state)
    #expect(target.refusal(of: there) == nil)
    #expect(target.model.digest == held)
    let old = try device("emulated:mlx5?format=raw&size=64KiB")
    #expect(old.refusal(of: there) != nil)
    let home = try device("emulated:mlx5?format=raw&size=64KiB")
    let back = try bytes(
      try translated(there, "mlx5", "mlx5-raw", for: home.model.facts, from: facts), over: there)
    #expect(back == state)
    #expect(home.refusal(of: back) == nil)
  }

  @Test func imagesOfPreCopyHaveNoRawForm() throws {
    let source = try device("emulated:mlx5?size=64KiB&dirty=50%")
    let (running, stopped) = try source.preCopied()
    let outcome = try translated(running + stopped, "mlx5", "mlx5-raw", for: DeviceFacts())
    #expect(outcome.report.refusals.map(\.field) == ["records"])
  }

  // MARK: xe and NVMe

  @Test(arguments: seeds(4))
  func memoryInLargerPacketsIsTaken(seed: UInt64) throws {
    let name = "emulated:xe?vram=4MiB&ggtt=1MiB"
    let source = try device(name + "&packet=1MiB&seed=\(seed)")
    let held = source.model.digest
    let state = try source.stopCopied()
    let target = try device(name)
    var facts = target.model.facts
    facts.xe?.chunkByteCount = 3 << 20
    let there = try bytes(try translated(state, "xe", "xe", for: facts), over: state)
    #expect(there.count == state.count - 2 * 24)
    #expect(target.refusal(of: there) == nil)
    #expect(target.model.digest == held)
  }

  @Test(arguments: ["device=0x7d55", "revision=4", "vram=1MiB", "ggtt=2MiB"])
  func anotherGPUIsRefused(difference: String) throws {
    let state = try device("emulated:xe?vram=2MiB&ggtt=1MiB").stopCopied()
    let parameters =
      difference.hasPrefix("vram")
      ? "ggtt=1MiB&vram=1MiB"
      : difference.hasPrefix("ggtt") ? "vram=2MiB&ggtt=2MiB" : "vram=2MiB&ggtt=1MiB&\(difference)"
    let target = try device("emulated:xe?\(parameters)")
    let outcome = try translated(state, "xe", "xe", for: target.model.facts)
    #expect(!outcome.report.isAccepted)
  }

  /// The driver would take the state, and leave what is missing as it was.
  @Test(arguments: [
    ("vram=2MiB", "", "vram[0]"), ("vram=1MiB", "memory", "vram[0]"),
    ("vram=1MiB", "half", "vram[0]"), ("vram=0", "table", "ggtt[0]"),
  ])
  func aPartOfAGPUsMemoryIsRefused(size: String, missing: String, field: String) throws {
    // Without its table the memory of a tile is unsound by itself.
    let memory = missing == "table" ? "vram=0" : "vram=1MiB"
    let whole = try device("emulated:xe?\(memory)&ggtt=1MiB").stopCopied()
    var tree = try #require(Layout.named("xe")).dissect(whole)
    try tree.root.update("packets") { (node) throws(LayoutError) in
      guard case .list(var items) = node.content else { return }
      for index in items.first.indices.reversed() {
        switch (items.first[index]["header.packet_type"]?.integer, missing) {
        case (6, "memory"), (3, "table"): items.first.remove(at: index)
        case (6, "half"):
          guard let bytes = items.first[index]["payload"]?.payload else { continue }
          try items.first[index].set("payload", to: bytes.slice(0..<bytes.byteCount / 2))
        default: break
        }
      }
      node.content = .list(items)
    }
    let state = try tree.encode().bytes(from: StateBytes(whole))
    let target = try device("emulated:xe?ggtt=1MiB&\(size)")
    let outcome = try translated(state, "xe", "xe", for: target.model.facts)
    #expect(outcome.state == nil)
    #expect(outcome.report.refusals.map(\.field) == [field])
    // Without the target's sizes nothing of it is checked, and that is said.
    let unknown = try translated(state, "xe", "xe", for: DeviceFacts())
    #expect(unknown.report.isAccepted)
    #expect(unknown.report.unchecked.contains { $0.fact == "xe.vram-bytes" })
  }

  /// The driver refuses a packet of a GT that it has not, and does not miss one of its own.
  @Test func theGTsOfAGPUAreTheTargets() throws {
    let both = "emulated:xe?vram=1MiB&ggtt=1MiB"
    let one = both + "&media=no"
    for (source, target, fields) in [
      (both, one, ["packets[4].header.gt_id", "packets[5].header.gt_id"]), (one, both, ["gt[1]"]),
    ] {
      let state = try device(source).stopCopied()
      let there = try device(target)
      let outcome = try translated(state, "xe", "xe", for: there.model.facts)
      #expect(outcome.report.refusals.map(\.field) == fields)
      #expect((there.refusal(of: state) == nil) == (source == one))
    }
    // The media GT, as one of a second tile.
    var state = try device(both).stopCopied()
    var position = 0
    while position < state.count {
      if state[position + 3] == 1 { state[position + 2] = 1 }
      position += 24 + Int(state.little(UInt64.self, at: position + 16))
    }
    let there = try device(both)
    let outcome = try translated(state, "xe", "xe", for: there.model.facts)
    #expect(
      outcome.report.refusals.map(\.field)
        == ["packets[4].header.tile_id", "packets[5].header.tile_id"])
    #expect(there.refusal(of: state) == DeviceError(.writeData(at: 0), .invalid))
  }

  @Test func aVectorThatTheTargetHasNotIsRefusedAlsoWithoutInterrupts() throws {
    var state = try device("emulated:nvme?queues=4&interrupts=no").stopCopied()
    // Of the first completion queue.
    state[170] = 77
    let target = try device("emulated:nvme?queues=4")
    let outcome = try translated(state, "nvme-tp4159", "nvme-tp4159", for: target.model.facts)
    #expect(outcome.report.refusals.map(\.field) == ["completion_queues[0].vector"])
    #expect(target.refusal(of: state)?.errno == .inputOutput)
  }

  @Test(arguments: [
    ("max-queues=2&queues=2", "nvme.io-queues"), ("max-depth=64&depth=64", "entries"),
    ("vectors=2", "msix"),
  ])
  func aSmallerControllerIsRefused(parameters: String, reason: String) throws {
    let state = try device("emulated:nvme?queues=4&depth=256&seed=1").stopCopied()
    let target = try device("emulated:nvme?\(parameters)")
    let outcome = try translated(state, "nvme-tp4159", "nvme-tp4159", for: target.model.facts)
    #expect(!outcome.report.isAccepted)
    #expect(try device("emulated:nvme?\(parameters)").refusal(of: state) != nil)
  }

  @Test(arguments: seeds(8))
  func polledQueuesGoIntoTheOtherPackingAndBack(seed: UInt64) throws {
    let name = "emulated:nvme?interrupts=no&seed=\(seed)&packing="
    let source = try device(name + "tp4159")
    let held = source.model.digest
    let state = try source.stopCopied()
    #expect(try device(name + "linux-rfc").refusal(of: state)?.errno == .invalid)
    let target = try device("emulated:nvme?packing=linux-rfc")
    let there = try bytes(
      try translated(state, "nvme-tp4159", "nvme-linux-rfc", for: target.model.facts), over: state)
    #expect(target.refusal(of: there) == nil)
    #expect(target.model.digest == held)
    #expect(try device(name + "tp4159").refusal(of: there)?.errno == .invalid)
    let home = try device("emulated:nvme")
    let back = try bytes(
      try translated(there, "nvme-linux-rfc", "nvme-tp4159", for: home.model.facts), over: there)
    #expect(back == state)
  }

  @Test(arguments: [("tp4159", "vector"), ("linux-rfc", "interrupts_enabled")])
  func interruptsStayInTheirPacking(packing: String, field: String) throws {
    let source = try device("emulated:nvme?queues=1&packing=\(packing)")
    let other = packing == "tp4159" ? "linux-rfc" : "tp4159"
    let outcome = try translated(
      try source.stopCopied(), "nvme-\(packing)", "nvme-\(other)",
      for: try device("emulated:nvme?packing=\(other)").model.facts)
    #expect(outcome.report.refusals.map(\.field) == ["completion_queues[0].\(field)"])
  }

  @Test func aVendorsOwnPartGoesToTheSameVendorOnly() throws {
    let source = try device("emulated:nvme?vendor-state=8&vendor=7")
    let facts = source.model.facts
    let state = try source.stopCopied()
    let same = try device("emulated:nvme?vendor-state=8&vendor=7")
    #expect(
      try translated(state, "nvme-tp4159", "nvme-tp4159", for: same.model.facts, from: facts).report
        .isAccepted)
    let other = try device("emulated:nvme?vendor-state=8&vendor=8")
    let outcome = try translated(
      state, "nvme-tp4159", "nvme-tp4159", for: other.model.facts, from: facts)
    #expect(outcome.report.refusals.map(\.field) == ["vendor_specific"])
    #expect(other.refusal(of: state) != nil)
  }
}
