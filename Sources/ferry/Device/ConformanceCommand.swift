import ArgumentParser
import ByteIO
import Conformance
import Devices
import EmulatedDevices
import Reports
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

      Exit codes: 0 no required check failed; 1 one did (with --strict: any), none could be run, or \
      the device no longer answers; 4 the device cannot be opened and asked what it is.

      \(OpenDevices.help)

      Examples:
        ferry conformance emulated:mtty
        ferry conformance 'emulated:virtio-net?pairs=2' --strict --seed 7 --junit report.xml
        ferry conformance vfio:83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 --destructive -o report.jsonl
      """)

  @Argument(help: ArgumentHelp("The device.", valueName: "device"))
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

  @Option(help: ArgumentHelp("Write JUnit XML for a CI system.", valueName: "file"))
  var junit: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Write a line of JSON for each check as it ends (schemas/conformance-check.schema.json).",
      valueName: "report"))
  var output: String?

  @OptionGroup var trace: TraceOption

  @Flag(help: "Print JSON (schemas/conformance.schema.json), with '-o -' to standard error.")
  var json = false

  var reportsToStandardError: Bool { output == "-" || junit == "-" }

  func run() throws {
    try Outputs.requireDistinct([("-o", output), ("--junit", junit), ("--trace", trace.path)])
    let opener = try opener()
    let isEmulated = opener is EmulatedOpener
    var options = ConformanceOptions()
    options.allowsDestruction = destructive || isEmulated
    options.seed = seed
    let terms = ConformanceReport.Terms(
      device: device, seed: seed, allowsDestruction: options.allowsDestruction, isStrict: strict,
      excusesQuirks: isEmulated)
    // A path that cannot be written is told before the device is touched.
    let lines = try output.map { try LineFile(path: $0, for: "report") }
    var suite: OutputFile? = nil
    if let junit { suite = try OutputFile(path: junit) }
    SignalGuard.install()
    let progress = Progress("checked", total: nil)
    var run = ConformanceRun(opener, options: options, clock: SystemClock())
    run.isCancelled = { SignalGuard.signal != nil }
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
    if let failure = lines?.failure { throw CommandError(failure) }
    try end(with: report)
  }

  /// Opens the device for the first time, as one that can be opened again.
  private func opener() throws -> any DeviceOpener {
    let uri = try DeviceURI(parsing: device)
    switch uri.scheme {
    case "emulated": return EmulatedOpener(try EmulatedDevice(uri))
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
