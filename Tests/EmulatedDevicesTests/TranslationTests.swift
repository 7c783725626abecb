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
}
