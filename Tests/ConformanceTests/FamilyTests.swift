import Conformance
import DeviceTestSupport
import Devices
import EmulatedDevices
import TestSupport
import Testing

/// What the emulated families say to every check: they pass, but for what their drivers are known
/// for.
@Suite struct FamilyTests {
  private static let devices: [(name: String, failed: [String])] = [
    ("mtty", ["pre-copy-end", "reopen-without-reset"]),
    ("mtty?ports=2&text=hello", ["pre-copy-end", "reopen-without-reset"]),
    ("hisi_acc?generation=first", ["read-sizes", "pieces"]),
    ("hisi_acc?generation=v1", ["pre-copy-end"]),
    ("hisi_acc?generation=v2", ["pre-copy-end"]),
    ("virtio-net?pairs=1&precopy=no", []),
    ("virtio-net?pairs=1&refresh=3", []),
    ("qat", ["pre-copy-end"]),
    ("mlx5?size=64KiB&dirty=5%", []),
    ("mlx5?size=64KiB&format=raw", []),
    ("xe?vram=64KiB&ggtt=64KiB", []),
    ("nvme", []),
    ("pds?size=4KiB", []),
    ("igb", ["initial-bytes", "pre-copy-end"]),
    ("igb?size=528", []),
    ("synthetic?size=64KiB", []),
    ("synthetic?size=64KiB&precopy=32KiB&dirty=5%&reinit=2", []),
  ]

  @Test(arguments: devices)
  func passesButForItsQuirks(name: String, failed: [String]) throws {
    let device = try device("emulated:\(name)")
    let digest = device.model.digest
    let (outcomes, summary) = try conformance(of: device)
    #expect(outcomes.map(\.check.name) == Check.all.map(\.name))
    let failures = outcomes.filter { $0.result.word == "failed" }
    #expect(
      failures.map(\.check.name) == failed, "\(failures.map { $0.result.findings })")
    #expect(
      failures.allSatisfy { $0.quirk != nil && !$0.failsRun(strict: true, excusingQuirks: true) })
    #expect(failures.allSatisfy { $0.failsRun(strict: true, excusingQuirks: false) })
    #expect(outcomes.filter { $0.result.word == "not-run" }.map(\.check.name) == [])
    #expect(summary.stateByteCount ?? 0 > 0)
    // What it says of the device is true.
    #expect(
      (summary.leaving == .asFound) == (device.now == .running && device.model.digest == digest))
    switch summary.leaving {
    case .asFound: break
    // What mtty's oops leaves behind.
    case .lost: #expect(failed.contains("reopen-without-reset"))
    // It matches only once, and with that comes whether the guest's driver is ready.
    case .changed: #expect(name == "hisi_acc?generation=v1")
    case .untouched: Issue.record("\(name) was touched")
    }
  }

  @Test func everyQuirkIsOneOfAFamilyThatIsTested() {
    let failed = Set(
      Self.devices.flatMap { device in
        device.failed.map { "\(device.name.prefix { $0 != "?" }) \($0)" }
      })
    let known = Quirk.known.map { quirk in
      "\(quirk.driver.replacing(/[-_]vfio[-_]pci/, with: "")) \(quirk.check)"
    }
    #expect(failed == Set(known))
    #expect(Set(Quirk.known.map(\.check)).isSubset(of: Check.all.map(\.name)))
  }

  @Test func whatCannotMigrateHasNothingToCheck() throws {
    let (outcomes, summary) = try conformance(of: device("emulated:synthetic?migration=no"))
    #expect(outcomes.allSatisfy { $0.result.word == "not-applicable" })
    #expect(summary.leaving == .untouched)
  }
}
