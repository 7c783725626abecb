import Conformance
import DeviceTestSupport
import Devices
import EmulatedDevices
import TestSupport
import Testing

/// Checks that are run elsewhere, and what the kernel logs meanwhile.
@Suite struct RunnerTests {
  /// Answers for checks, and sees whether the device is left to it.
  private final class Runner: CheckRunner {
    let opener: FaultyOpener
    var answers: [String: CheckRunnerAnswer] = [:]
    private(set) var asked: [String] = []
    private(set) var states: Set<[UInt8]?> = []

    init(_ opener: FaultyOpener) { self.opener = opener }

    func run(_ check: Check, saved: [UInt8]?) -> CheckRunnerAnswer {
      asked.append(check.name)
      states.insert(saved)
      // A second user is refused while somebody has it.
      guard let device = try? opener.open() else { return .notRun("the device is open") }
      opener.close(device)
      return answers[check.name] ?? .ended(.passed, loss: nil)
    }
  }

  private func run(
    _ name: String = "emulated:igb", _ answers: [String: CheckRunnerAnswer] = [:],
    log: (any KernelLog)? = nil
  ) throws -> (outcomes: [CheckOutcome], summary: ConformanceSummary, runner: Runner) {
    let device = FaultyDevice(try device(name))
    let opener = FaultyOpener(device)
    let runner = Runner(opener)
    runner.answers = answers
    var options = ConformanceOptions()
    options.allowsDestruction = true
    options.trialLimit = 8
    var run = ConformanceRun(opener, options: options, clock: device.clock)
    run.runner = runner
    run.kernelLog = log
    var outcomes: [CheckOutcome] = []
    let summary = try run.run { outcomes.append($0) }
    return (outcomes, summary, runner)
  }

  private static let risky = Check.all.filter(\.isDestructive).map(\.name)

  @Test func whatMayCostTheStateIsRunElsewhere() throws {
    let (outcomes, summary, runner) = try run()
    #expect(runner.asked == Self.risky)
    let state = try device("emulated:igb").stopCopied()
    #expect(runner.states == [state])
    for outcome in outcomes where Self.risky.contains(outcome.check.name) {
      #expect(outcome.result == .passed)
    }
    // The device was reset when it was let go, and has its state again.
    #expect(summary.leaving == .asFound)
    #expect(summary.kernelLog == nil)
  }

  @Test func answersFromElsewhereAreTheChecks() throws {
    let finding = Finding(asked: "a", expected: "b", found: "c", calls: ["d"])
    let (outcomes, _, _) = try run(
      "emulated:igb",
      [
        "reset": .ended(.failed([finding]), loss: nil), "cut-state": .notRun("no process"),
        "no-state": .ended(.notApplicable("nothing"), loss: nil),
      ])
    func result(_ name: String) -> CheckOutcome.Result? {
      outcomes.first { $0.check.name == name }?.result
    }
    #expect(result("reset") == .failed([finding]))
    #expect(result("cut-state") == .notRun("no process"))
    #expect(result("no-state") == .notApplicable("nothing"))
    #expect(result("reopen") == .passed)
  }

  /// Whatever died may hold the device's lock: to open it again could hang for good.
  @Test(arguments: [true, false])
  func nothingIsAskedOfADeviceThatDied(isSaid: Bool) throws {
    let finding = Finding(asked: "a", expected: "an answer", found: "none", calls: [])
    let (outcomes, summary, runner) = try run(
      "emulated:igb",
      ["flipped-bits": isSaid ? .ended(.failed([finding]), loss: "gone") : .died(finding)])
    #expect(runner.asked.last == "flipped-bits")
    let place = try #require(outcomes.firstIndex { $0.check.name == "flipped-bits" })
    #expect(outcomes[place].result == .failed([finding]) && outcomes[place].isDeviceLost)
    // It is advised only, and fails the run all the same.
    #expect(outcomes[place].failsRun(strict: false, excusingQuirks: false))
    for outcome in outcomes[(place + 1)...] {
      #expect(outcome.result.reason?.hasPrefix("the device no longer answers") == true)
    }
    guard case .lost = summary.leaving else {
      Issue.record("\(summary.leaving)")
      return
    }
  }

  @Test func aStateThatIsGivenIsTheOneThatIsLeft() throws {
    let device = try device("emulated:mtty?text=one")
    let other = try DeviceTestSupport.device("emulated:mtty?text=two").stopCopied()
    var run = ConformanceRun(
      EmulatedOpener(device), checks: Check.all.filter { $0.name == "arcs" },
      clock: ManualClock())
    run.foundState = other
    let summary = try run.run { _ in }
    #expect(summary.leaving == .asFound)
    let left = try device.stopCopied()
    #expect(left == other)
  }

  // MARK: Answers of processes

  private static let finding = Finding(
    asked: "a \"quote\"", expected: "b\nc", found: "\u{1}é: #", calls: ["d", ""])

  @Test(
    arguments: [
      .passed, .failed([finding, finding]), .notApplicable("nothing: at all"), .notRun(""),
    ] as [CheckOutcome.Result], [nil, "gone", ""])
  func aLineSaysWhatBecameOfACheck(result: CheckOutcome.Result, loss: String?) {
    let line = CheckRunnerAnswer.line(result, loss: loss)
    #expect(!line.contains("\n"))
    guard case .ended(let read, let lost) = CheckRunnerAnswer(parsing: [UInt8](line.utf8)) else {
      Issue.record("\(line)")
      return
    }
    #expect(read == result)
    #expect(lost == loss)
  }

  @Test(arguments: ["", "{}", "ferry: no", #"{"result": "late"}"#, #"{"result": "failed"}"#])
  func anythingElseIsNoAnswer(line: String) {
    #expect(CheckRunnerAnswer(parsing: [UInt8](line.utf8)) == nil)
  }

  @Test(arguments: [nil, [], [1, 2, 3]] as [[UInt8]?])
  func statesArriveAsTheyWereGiven(saved: [UInt8]?) throws {
    let others = [
      ForeignState(name: "one", bytes: [4, 5]), ForeignState(name: "", bytes: []),
    ]
    let states = CheckRunnerStates(saved: saved, others: others)
    let bytes = states.bytes
    #expect(try CheckRunnerStates(parsing: bytes) == states)
    let isWhole = (0..<bytes.count).map { count in
      (try? CheckRunnerStates(parsing: Array(bytes[..<count]))) != nil
    }
    // Behind the saved state, and behind the first of another device, there may be no more.
    #expect(isWhole.count { $0 } == 2)
  }

  /// What a check answers does not depend on where it runs, though it begins with another state.
  @Test(arguments: ["emulated:mtty?text=hello", "emulated:igb"])
  func aCheckRunElsewhereAnswersAsHere(name: String) throws {
    let saved = try device(name).stopCopied()
    let (outcomes, _) = try conformance(of: device(name))
    var options = ConformanceOptions()
    options.allowsDestruction = true
    options.trialLimit = 24
    options.stateByteLimit = 1 << 20
    for outcome in outcomes {
      let other = try device(name)
      let line = try ConformanceRun.answer(
        outcome.check, on: EmulatedOpener(other), CheckRunnerStates(saved: saved, others: []),
        options: options, clock: ManualClock())
      guard case .ended(let result, let loss) = CheckRunnerAnswer(parsing: [UInt8](line.utf8))
      else {
        Issue.record("\(line)")
        continue
      }
      #expect(result.word == outcome.result.word, "\(outcome.check.name)")
      #expect((loss != nil) == outcome.isDeviceLost, "\(outcome.check.name)")
      // Of a device that is lost nothing more can be asked.
      if outcome.isDeviceLost { break }
      #expect(try other.stopCopied() == saved)
    }
  }

  // MARK: The kernel's log

  /// Has its records ready at the nth question.
  private final class Log: KernelLog {
    private let answers: [Int: KernelLogRecords]
    private var count = 0

    init(_ answers: [Int: KernelLogRecords]) { self.answers = answers }

    func records() -> KernelLogRecords {
      defer { count += 1 }
      return answers[count] ?? .read([])
    }
  }

  private static let oops =
    "1,1204,55501213,-;BUG: kernel NULL pointer dereference, address: 0000000000000028\n SUBSYSTEM=x\n"

  @Test func whatTheKernelComplainsOfFailsTheCheck() throws {
    let log = Log([
      // What was there before is nobody's.
      0: .read([Self.oops]),
      // The second check; the first record is a program's, and the last is none.
      2: .read(["12,7,8,-;BUG: says a program", "6,9,10,-;mtty: opened", Self.oops, "nonsense"]),
    ])
    let (outcomes, summary, _) = try run(log: log)
    let hit = outcomes.filter(\.isKernelDamaged)
    #expect(hit.map(\.check.name) == [Check.all[1].name])
    #expect(
      hit.first?.result.findings.map(\.found)
        == ["BUG: kernel NULL pointer dereference, address: 0000000000000028"])
    #expect(hit.allSatisfy { $0.failsRun(strict: false, excusingQuirks: false) })
    #expect(summary.kernelLog == .read(complaintCount: 1))
  }

  @Test(arguments: [
    "4,1,2,-;WARNING: CPU: 1 PID: 7 at drivers/vfio/pci/x.c:88 x_load+0x1/0x2",
    "2,1,2,c;watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [ferry:7]",
    "1,1,2,-;Internal error: Oops: 0000000096000004 [#1] SMP",
    "3,1,2,-;UBSAN: array-index-out-of-bounds in x.c:1:2",
    "3,1,2,-;INFO: task ferry:7 blocked for more than 120 seconds.",
    "3,1,2,-;general protection fault, probably for non-canonical address 0x1: 0000 [#1]",
  ])
  func complaintsAreKnownByTheirWords(record: String) throws {
    let (outcomes, _, _) = try run(log: Log([1: .read([record])]))
    #expect(outcomes.first?.isKernelDamaged == true)
  }

  @Test func aLogThatCannotBeReadIsSaid() throws {
    let log = Log(
      Dictionary(uniqueKeysWithValues: (0..<99).map { ($0, .unread("/dev/kmsg: no permission")) }))
    let (outcomes, summary, _) = try run(log: log)
    #expect(outcomes.filter(\.isKernelDamaged).isEmpty)
    #expect(summary.kernelLog == .unread("/dev/kmsg: no permission"))
  }

  // MARK: States of other devices

  /// A device that breaks by one state alone, which is another's.
  @Test(arguments: [false, true])
  func aStateOfAnotherDeviceIsTried(isGiven: Bool) throws {
    let far = try device("emulated:mtty?ports=2&text=far")
    let state = try #require(try ForeignState(of: far, named: "the far one", limit: 1 << 20))
    #expect(try state.bytes == device("emulated:mtty?ports=2&text=far").stopCopied())
    let long = try ForeignState(of: device("emulated:mtty?ports=2"), named: "long", limit: 50)
    #expect(long == nil)
    let device = FaultyDevice(try device("emulated:mtty"))
    device.swallow = { (device, count) throws(DeviceError) in
      // No other that is tried is as long.
      guard count == state.bytes.count else { return nil }
      device.isBroken = true
      return count
    }
    device.answerReset = { (device) throws(DeviceError) in
      if device.isBroken { throw device.error(.inputOutput) }
      try device.base.reset()
    }
    let (outcomes, _) = try conformance(
      through: FaultyOpener(device), checks: Check.all.filter { $0.name == "other-size" }
    ) { $0.otherStates = isGiven ? [state] : [] }
    let findings = try #require(outcomes.first).result.findings
    #expect(findings.isEmpty == !isGiven, "\(findings)")
  }
}
