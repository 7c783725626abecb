import DeviceTestSupport
import Devices
import EmulatedDevices
import MigrationStream
import StateLayout
import StateTranslation
import TestSupport
import Testing

/// Parts of one virtio device on another, which takes what its own driver would.
@Suite struct VirtioTranslationTests {
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
}
