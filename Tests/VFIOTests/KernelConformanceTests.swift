import Conformance
import Devices
import MigrationStream
import StreamIO
import Testing
import VFIO

/// Checks of a device of the kernel, which one process has open at a time.
@Suite struct KernelConformanceTests {
  /// Sees whether the device is let go, and passes every check.
  private final class Runner: CheckRunner {
    let kernel: EmulatedKernel
    private(set) var openCounts: [Int] = []

    init(_ kernel: EmulatedKernel) { self.kernel = kernel }

    func run(_ check: Check, saved: [UInt8]?) -> CheckRunnerAnswer {
      openCounts.append(kernel.openCount)
      return .ended(.passed, loss: nil)
    }
  }

  private static func run(
    _ kernel: EmulatedKernel, _ name: String, _ runner: Runner?
  ) throws -> ([CheckOutcome], ConformanceSummary) {
    var options = ConformanceOptions()
    options.allowsDestruction = true
    options.trialLimit = 4
    let opener = try KernelDeviceOpener(DeviceURI(parsing: name), in: kernel)
    var run = ConformanceRun(opener, options: options, clock: SystemClock())
    run.runner = runner
    var outcomes: [CheckOutcome] = []
    let summary = try run.run { outcomes.append($0) }
    return (outcomes, summary)
  }

  @Test(arguments: [false, true])
  func theDeviceIsLetGoForChecksThatRunElsewhere(isFunction: Bool) throws {
    let kernel = try isFunction ? Fixture.function(model: "virtio-net?pairs=1") : Fixture.serial()
    let runner = Runner(kernel)
    let (outcomes, summary) = try Self.run(
      kernel, "vfio:" + (isFunction ? Fixture.slot : Fixture.uuid), runner)
    #expect(runner.openCounts.count == Check.all.count(where: \.isDestructive))
    #expect(runner.openCounts.allSatisfy { $0 == 0 }, "\(runner.openCounts)")
    let failures = outcomes.filter { $0.failsRun(strict: false, excusingQuirks: true) }
    #expect(failures.isEmpty, "\(failures.map { ($0.check.name, $0.result) })")
    guard case .asFound = summary.leaving else {
      Issue.record("\(summary.leaving)")
      return
    }
    #expect(kernel.openCount == 0)
  }

  @Test(arguments: [true, false])
  func aDataChannelIsPolled(isHonest: Bool) throws {
    let kernel = try Fixture.serial()
    kernel.isPollHonest = isHonest
    let (outcomes, _) = try Self.run(kernel, "vfio:\(Fixture.uuid)", nil)
    let poll = try #require(outcomes.first { $0.check.name == "poll" })
    #expect(kernel.calls.contains { $0.name == "poll" })
    #expect((poll.result == .passed) == isHonest)
    let found = isHonest ? [] : ["not readable", "not readable"]
    #expect(poll.result.findings.map(\.found) == found)
  }
}
