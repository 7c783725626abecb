import DeviceTestSupport
import Devices
import EmulatedDevices
import MigrationStream
import StateLayout
import StateTranslation
import TestSupport
import Testing

/// The memory and the GTs of a GPU on another.
@Suite struct XeTranslationTests {
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
}
