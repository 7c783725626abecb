import ArgumentParser
import ByteIO
import Conformance
import Devices
import EmulatedDevices
import Inputs
import Reports
import StateLayout
import StreamIO
import VFIO
import VFIOUser

/// `ferry conformance`: whether a device migrates as the uAPI says.
struct ConformanceCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "conformance",
    abstract: "Check a device's migration against the uAPI, call by call.",
    discussion: """
      Runs every check that the device allows, for who writes its driver or its server. A check has \
      its source beside it: what is required is a sentence of the uAPI, and fails the run; what is \
      advised is noted, and fails only with --strict. A failure has the calls that reproduce it.

      Nobody may use the device meanwhile. Its state is read first and given back at the end; the \
      report says how the device was left. Checks that load damaged state, or reset, open or close \
      the device in another state than RUNNING, run only with --destructive; on emulated devices \
      they always run, and what a family's driver is known for is excused there.

      On a device of the kernel each of these runs in a process of its own, unless its calls are to \
      be traced: one that hangs is ended after --check-time, and what cannot be ended, or what an \
      oops ended, is the finding; nothing more is asked of the device then. The kernel's log is read \
      (/dev/kmsg, as root) for oopses and warnings.

      Exit codes: 0 no required check failed; 1 one did (with --strict: any), none could be run, or \
      the device no longer answers; 4 the device cannot be opened and asked what it is.

      \(OpenDevices.help)

      Examples:
        ferry conformance emulated:mtty
        ferry conformance 'emulated:virtio-net?pairs=2' --strict --seed 7 --junit report.xml
        ferry conformance vfio:83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 --destructive -o report.jsonl
      """)

  @Argument(help: ArgumentHelp("The device.", valueName: "device"), completion: .device)
  var device: String

  @Flag(help: "Run the checks too that may cost the device its state.")
  var destructive = false

  @Flag(help: "Fail on what is advised too.")
  var strict = false

  @Option(
    help: ArgumentHelp(
      "Draw damage and pieces by this number; the same gives the same run.",
      valueName: "n"))
  var seed: UInt64 = 0

  @Option(
    name: .customLong("other-state"), parsing: .singleValue,
    help: ArgumentHelp(
      "The state of another device, for the check other-size: a file of state, or F.dms#DEVICE.",
      valueName: "state"), completion: .file())
  var otherStates: [String] = []

  @Option(
    name: .customLong("check"), parsing: .singleValue,
    help: ArgumentHelp("Run only this check, and others that are named.", valueName: "name"),
    completion: .check,
    transform: { text in
      guard let check = Check.all.first(where: { $0.name == text }) else {
        let names = Check.all.map(\.name).joined(separator: ", ")
        throw ValidationError("Expected one of \(names).")
      }
      return check
    })
  var checks: [Check] = []

  @Flag(help: "Run checks in processes of their own on emulated devices too.")
  var apart = false

  @Option(
    help: ArgumentHelp(
      "The longest that a check may take in a process of its own.", valueName: "time"))
  var checkTime = DurationOption(.seconds(300))

  // What this command gives to itself: it reads a state, runs one check, and prints its answer.
  @Option(help: .private)
  var answering: String?

  @Option(
    help: ArgumentHelp("Write JUnit XML for a CI system.", valueName: "file"), completion: .file())
  var junit: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Write a line of JSON for each check as it ends (schemas/conformance-check.schema.json).",
      valueName: "report"), completion: .file())
  var output: String?

  @OptionGroup var trace: TraceOption

  @Flag(help: "Print JSON (schemas/conformance.schema.json), with '-o -' to standard error.")
  var json = false

  var reportsToStandardError: Bool { output == "-" || junit == "-" }

  func run() throws {
    let uri = try DeviceURI(parsing: device)
    let isEmulated = uri.scheme == "emulated"
    // A device that a file keeps is written back.
    let kept = isEmulated ? try OpenDevices([device], in: trace.kernel()) : nil
    try Outputs.requireDistinct(
      [("-o", output), ("--junit", junit), ("--trace", trace.path)] + (kept?.outputs ?? []))
    var options = ConformanceOptions()
    options.allowsDestruction = destructive || isEmulated || answering != nil
    options.seed = seed
    if let answering { return try answer(answering, options) }
    options.otherStates = try foreignStates(uri, limit: options.stateByteLimit)
    let opener = try opener(uri, kept?.devices.first)
    let terms = ConformanceReport.Terms(
      device: device, seed: seed, allowsDestruction: options.allowsDestruction, isStrict: strict,
      excusesQuirks: isEmulated)
    // A path that cannot be written is told before the device is touched.
    let lines = try output.map { try LineFile(path: $0, for: "report") }
    var suite: OutputFile? = nil
    if let junit { suite = try OutputFile(path: junit) }
    SignalGuard.install()
    let progress = Progress("checked", total: nil)
    var run = ConformanceRun(
      opener, checks: chosenChecks, options: options, clock: SystemClock())
    run.isCancelled = { SignalGuard.signal != nil }
    if apart || !isEmulated && trace.path == nil { run.runner = child(options) }
    if !isEmulated { run.kernelLog = KernelLogFile() }
    var outcomes: [CheckOutcome] = []
    let summary = try run.run { outcome in
      outcomes.append(outcome)
      lines?.write(CheckOutcomeReport(outcome, excusesQuirks: isEmulated).json.line)
      progress.show { "checked \(outcome.check.name)" }
    }
    progress.clear()
    let report = ConformanceReport(terms, outcomes, summary)
    if var file = suite.take() {
      try file.write([UInt8](report.junit.utf8).span.raw)
      try file.finish()
    }
    try kept?.save()
    if let failure = lines?.failure { throw CommandError(failure) }
    try end(with: report)
  }

  /// Those that are named, in their order, or all.
  private var chosenChecks: [Check] {
    let names = Set(checks.map(\.name))
    return names.isEmpty ? Check.all : Check.all.filter { names.contains($0.name) }
  }

  // MARK: Checks in a process of their own

  /// Runs checks by this command once more.
  private func child(_ options: ConformanceOptions) -> ConformanceChild {
    ConformanceChild(
      ["conformance", device, "--seed", "\(seed)", "--answering"], others: options.otherStates,
      limit: checkTime.duration)
  }

  /// Runs the one check of this name on the device with the state that is read, and prints its
  /// answer.
  private func answer(_ name: String, _ options: ConformanceOptions) throws {
    guard let check = Check.all.first(where: { $0.name == name }) else {
      throw CommandError.usage("--answering: expected a check, found '\(name)'")
    }
    // Whoever waits for the answer decides when it is too late.
    SignalGuard.install()
    let states = try CheckRunnerStates(
      parsing: InputFile(path: "-").contents(limit: Self.givenByteLimit))
    let uri = try DeviceURI(parsing: device)
    let own = uri.scheme == "emulated" ? try OpenDevices([device], in: trace.kernel()) : nil
    let line = try ConformanceRun.answer(
      check, on: opener(uri, own?.devices.first), states, options: options, clock: SystemClock())
    var output = try TextOutput()
    try output.print(line)
    try output.finish()
  }

  // MARK: Devices

  /// The states of other devices: those that are named, and of an emulated device those of its
  /// family's samples.
  private func foreignStates(_ uri: DeviceURI, limit: Int) throws -> [ForeignState] {
    var states: [ForeignState] = []
    for name in otherStates {
      let input = try StateInput(name, isAnyKind: false)
      let state = try input.bytes(limit: limit)
      guard FileKind(prefix: state, byteCount: nil) != .migrationStream else {
        throw CommandError.damaged(
          "\(name): expected device state, found a .dms stream; its devices are \(name)#0 and so on"
        )
      }
      states.append(ForeignState(name: "the state in \(name)", bytes: state))
    }
    guard uri.scheme == "emulated" else { return states }
    for name in TranslationMatrix.devices
    where name != device && (try? DeviceURI(parsing: name).path) == uri.path {
      let other = try EmulatedDevice(DeviceURI(parsing: name))
      if let state = try ForeignState(
        of: other, named: "the state of \(name)", limit: Self.sampleByteLimit)
      {
        states.append(state)
      }
    }
    return states
  }

  // More states than anybody holds in memory.
  private static let givenByteLimit = 1 << 40
  // A sample with more says no more.
  private static let sampleByteLimit = 8 << 20

  /// Opens the device for the first time, as one that can be opened again; `emulated` is one that
  /// is open.
  private func opener(
    _ uri: DeviceURI, _ emulated: (any MigratableDevice)?
  ) throws -> any DeviceOpener {
    if let emulated = emulated as? EmulatedDevice { return EmulatedOpener(emulated) }
    switch uri.scheme {
    case "vfio", "fd": return try KernelDeviceOpener(uri, in: trace.kernel())
    case "vfio-user":
      return try VFIOUserOpener(
        path: uri.path, name: uri.text, trace: MessageTrace(of: trace.kernel()))
    default:
      throw CommandError.usage(
        "\(device): expected a device of the scheme vfio, fd, vfio-user or emulated, found "
          + "'\(uri.scheme)'")
    }
  }

  private func end(with report: ConformanceReport) throws {
    if let signal = SignalGuard.signal {
      var failure = CommandError.signal(
        signal, "\(device): the run ended by a signal; what was checked until then is not all")
      failure.partial = report.json
      throw failure
    }
    let failures = report.failures
    var answer: CommandError?
    if !failures.isEmpty {
      answer = .answer(
        "nonconforming",
        "\(device): \(failures.count) checks failed: " + failures.joined(separator: ", "))
    } else if report.isEmpty {
      answer = .answer("unchecked", "\(device): no check could be run")
    }
    guard reportsToStandardError else { return try finish(with: report, answer) }
    try StandardError.show(report, asJSON: json)
    if let answer { throw answer.reported(true) }
  }
}
