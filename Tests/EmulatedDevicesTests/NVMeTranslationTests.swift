import DeviceTestSupport
import Devices
import EmulatedDevices
import MigrationStream
import StateLayout
import StateTranslation
import TestSupport
import Testing

/// The queues of a controller on another, in both packings.
@Suite struct NVMeTranslationTests {
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
