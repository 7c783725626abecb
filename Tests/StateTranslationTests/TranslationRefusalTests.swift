import StateLayout
import StateTestSupport
import StateTranslation
import TestSupport
import Testing

/// States of which something would be lost, and how a refusal is worded.
@Suite struct TranslationRefusalTests {
  private func translated(
    _ bytes: [UInt8], _ source: String, _ target: String, facts: DeviceFacts = DeviceFacts(),
    from: DeviceFacts = DeviceFacts()
  ) throws -> Translator.Outcome {
    var translator = Translator(for: facts)
    translator.source = from
    return translator.translate(
      bytes, from: try #require(Layout.named(source)), to: try #require(Layout.named(target)))
  }

  // MARK: NVMe

  /// Facts of a controller whose state has formats of vendors.
  private func facts(vendors: [String]) -> DeviceFacts {
    var facts = DeviceFacts()
    facts.nvme = DeviceFacts.NVMe()
    facts.nvme?.vendorUUIDs = vendors
    return facts
  }

  @Test(arguments: [[0, 0, 0, 0], Array("abcd".utf8)], seeds(8))
  func bytesThatNoLayoutDescribesAreNotLeftOut(rest: [UInt8], seed: UInt64) throws {
    var state = try RandomState.bytes(of: "nvme-tp4159", seed: seed)
    // Controller state that is longer than its queues, by its own header.
    let count = Int(state[16]) | Int(state[17]) << 8
    state.insert(contentsOf: rest, at: 48 + 4 * count)
    (state[16], state[17]) = (UInt8((count + 1) & 0xff), UInt8((count + 1) >> 8))
    let facts = facts(vendors: ["a"])
    let outcome = try translated(
      state, "nvme-tp4159", "nvme-linux-rfc", facts: facts, from: facts)
    #expect(outcome.state == nil)
    #expect(outcome.report.refusals.map(\.field) == ["nvmecs", "nvmecs._rest"])
    #expect(
      outcome.report.refusals.map(\.found)
        == ["4 bytes behind them", "4 bytes that nvme-tp4159 does not describe"])
    // Nor are they passed on in their own layout.
    let same = try translated(state, "nvme-tp4159", "nvme-tp4159", facts: facts, from: facts)
    #expect(same.report.refusals.map(\.field) == ["nvmecs"])
  }

  @Test(arguments: [
    (["A0"], ["a0"], []), (["a0"], ["b0", "A0"], []), (["a0", "b0"], ["b0"], ["a0"]),
    (["a0", "b0"], ["c0"], ["a0", "b0"]),
  ])
  func eachVendorOfTheSourceMustBeOneOfTheTargets(
    source: [String], target: [String], missing: [String]
  ) throws {
    let layout = try #require(Layout.named("nvme-tp4159"))
    let states = try (0..<64).map { try RandomState.bytes(of: "nvme-tp4159", seed: $0) }
    let state = try #require(
      states.first { layout.dissect($0)["vendor_specific"]?.payload?.byteCount != 0 })
    let outcome = try translated(
      state, "nvme-tp4159", "nvme-tp4159", facts: facts(vendors: target),
      from: facts(vendors: source))
    #expect(outcome.report.refusals.map(\.field) == missing.map { _ in "vendor_specific" })
    for (refusal, uuid) in zip(outcome.report.refusals, missing) {
      #expect(refusal.found.hasSuffix(uuid))
    }
  }

  // MARK: virtio

  private func facts(queues: Int) -> DeviceFacts {
    var facts = DeviceFacts()
    facts.virtio = DeviceFacts.Virtio()
    facts.virtio?.queueCount = queues
    return facts
  }

  /// A function with a pair of queues, of which nothing is missing.
  private var whole: VirtioState {
    var state = VirtioState.sample
    state.parts.removeAll { $0.type == 0x200 || $0.type == 0x102 && $0.selector[0] == 18 }
    return state
  }

  @Test func aLastRecordThatLacksWhatWasThereIsNotKept() throws {
    let state = whole
    for missing in state.parts.indices {
      var last = state
      let part = last.parts.remove(at: missing)
      let outcome = try translated(state.bytes + last.bytes, "virtio", "virtio")
      // The layout itself wants the driver's features and the status; the device's features are the
      // target's.
      #expect(outcome.report.isAccepted == (part.type == 0x100), "part \(missing)")
    }
    let outcome = try translated(state.bytes + state.bytes, "virtio", "virtio")
    #expect(outcome.state?.bytes(from: StateBytes(state.bytes + state.bytes)) == state.bytes)
  }

  @Test func optionalPartsOfEarlierRecordsAreNotWanted() throws {
    var first = whole
    first.parts.append(VirtioState.Part(type: 0x300, flags: 1, value: [1]))
    #expect(try translated(first.bytes + whole.bytes, "virtio", "virtio").report.isAccepted)
  }

  @Test(arguments: [true, false])
  func aDeviceThatRunsHasAllItsQueues(isSaidByTheState: Bool) throws {
    var state = whole
    if isSaidByTheState {
      state.parts.insert(VirtioState.commonConfiguration(18, 2 as UInt16), at: 2)
    }
    let facts = isSaidByTheState ? DeviceFacts() : facts(queues: 2)
    #expect(try translated(state.bytes, "virtio", "virtio", facts: facts).report.isAccepted)
    for type in [0x104, 0x105] as [UInt16] {
      var cut = state
      cut.parts.removeAll { $0.type == type && $0.selector[0] == 1 }
      let name = type == 0x104 ? "vq_cfg[1]" : "vq_notify_cfg[1]"
      let outcome = try translated(cut.bytes, "virtio", "virtio", facts: facts)
      #expect(outcome.report.refusals.map(\.field) == [name])
      // Before the driver is ready a device may have none.
      for index in cut.parts.indices where cut.parts[index].type == 0x103 {
        cut.parts[index].value = [0x03]
      }
      #expect(try translated(cut.bytes, "virtio", "virtio", facts: facts).report.isAccepted)
    }
  }

  @Test func whereTheirNumberIsNotKnownThatIsSaid() throws {
    let outcome = try translated(whole.bytes, "virtio", "virtio")
    #expect(outcome.report.unchecked.contains { $0.fact == "virtio.num-queues" })
  }

  /// A function that has negotiated the control queue, and the part of one command of it.
  private func commanded(_ command: VirtioState.Part, queues: UInt16? = nil) -> VirtioState {
    var state = whole
    // CTRL_VQ, CTRL_RX, CTRL_VLAN and MQ, and no queue, since the driver is not ready.
    state.parts[1].value = VirtioState.words([0x1_004e_0000])
    state.parts.removeAll { $0.type == 0x104 || $0.type == 0x105 }
    for index in state.parts.indices where state.parts[index].type == 0x103 {
      state.parts[index].value = [0x0b]
    }
    if let queues { state.parts.insert(VirtioState.commonConfiguration(18, queues), at: 2) }
    state.parts.append(command)
    return state
  }

  private func table(_ counts: Int...) -> VirtioState.Part {
    var data: [UInt8] = []
    for count in counts {
      data += [UInt8(count & 0xff), UInt8(count >> 8), 0, 0]
      data += Array(repeating: 0x52, count: 6 * count)
    }
    return VirtioState.control(1, 0, data)
  }

  /// The limit is that of each kind.
  @Test func addressesBeyondTheTargetsAreRefused() throws {
    var facts = DeviceFacts()
    facts.virtio = DeviceFacts.Virtio()
    facts.virtio?.addressLimit = 16
    for (unicast, multicast, found) in [
      (16, 16, []), (0, 0, []), (17, 0, ["17 unicast addresses"]),
      (16, 5000, ["5000 multicast addresses"]),
      (5000, 17, ["5000 unicast addresses", "17 multicast addresses"]),
    ] {
      let state = commanded(table(unicast, multicast)).bytes
      let report = try translated(state, "virtio", "virtio", facts: facts).report
      #expect(report.refusals.map(\.found) == found)
      #expect(report.refusals.allSatisfy { $0.field == "net_cvq_cfg[1.0]" })
      let unknown = try translated(state, "virtio", "virtio").report
      #expect(unknown.isAccepted)
      #expect(unknown.unchecked.contains { $0.fact == "virtio.mac-addresses" })
    }
  }

  @Test(arguments: [true, false])
  func pairsBeyondTheQueuesAreRefused(isSaidByTheState: Bool) throws {
    for (pairs, queues) in [(1, 3), (2, 5), (3, 5), (2, 4), (1, 1), (1, 0), (0x8000, 0xffff)]
      as [(UInt16, UInt16)]
    {
      let state = commanded(
        VirtioState.control(4, 0, [UInt8(pairs & 0xff), UInt8(pairs >> 8)]),
        queues: isSaidByTheState ? queues : nil)
      let facts = isSaidByTheState ? DeviceFacts() : facts(queues: Int(queues))
      let refusals = try translated(state.bytes, "virtio", "virtio", facts: facts).report.refusals
      let fits = 2 * Int(pairs) + 1 <= Int(queues)
      #expect(refusals.map(\.field) == (fits ? [] : ["net_cvq_cfg[4.0]"]))
      #expect(refusals.map(\.found) == (fits ? [] : ["\(pairs) pairs of queues"]))
    }
  }

  // MARK: Wording

  @Test func anUnsoundStateIsRefusedByWhatWasFoundAndNeeded() throws {
    var state = whole
    state.parts.removeAll { $0.type == 0x103 }
    let refusals = try translated(state.bytes, "virtio", "virtio").report.refusals
    #expect(refusals.map(\.field) == ["records[0].payload"])
    #expect(refusals.map(\.found) == ["0"])
    #expect(refusals.map(\.needed) == ["one part with the device's status"])
  }

  @Test func aLayoutThatNothingBecomesIsSaidToBeThat() throws {
    let state = try RandomState.bytes(of: "mtty", seed: 1)
    let outcome = try translated(state, "mtty", "dms")
    #expect(outcome.report.refusals.map(\.field) == ["layout"])
    #expect(
      outcome.report.refusals.map(\.needed)
        == ["another target, for no layout can be translated to dms"])
  }
}
