import ArgumentParser
import ByteIO
import DeviceServer
import Devices
import EmulatedDevices
import Migration
import MigrationStream
import Reports
import StreamIO

/// `ferry capture`: devices into a stream.
struct CaptureCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "capture",
    abstract: "Capture the state of running devices into a stream.",
    discussion: """
      Reads what it can while the devices run, round by round; stops them, all in step, once the rest \
      is expected to take no longer than the downtime limit; and reads that. Afterwards they stay \
      stopped, for their state now lives in the stream (--resume runs them again). Whatever fails, and \
      at any signal that can be caught, they run again as before, and there is no stream; only a \
      summary that cannot be printed (exit code 5, which says so) leaves both. With '-o -' the \
      stream takes standard output, and the summary goes to standard error where that is a terminal.

      \(OpenDevices.help)

      Examples:
        ferry capture vfio:83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 -o mtty.dms
        ferry capture 'emulated:mtty?ports=2&text=hello' -o mtty.dms
        ferry capture emulated:mtty --profile corpora/profiles/mtty.yaml -o mtty.dms
        ferry capture 'emulated:synthetic?size=8GiB&precopy=6GiB&dirty=5%' -o - |
          ferry replay - 'emulated:synthetic?size=8GiB'
      """)

  @Argument(help: ArgumentHelp("The devices.", valueName: "device"))
  var devices: [String]

  @Option(name: .shortAndLong, help: ArgumentHelp("The stream.", valueName: "out"))
  var output: String

  @Option(
    name: .customLong("pasid"), parsing: .singleValue,
    help: ArgumentHelp(
      "A device's PASID bindings (YAML, schemas/pasid-table.schema.json); the nth file is the nth device's.",
      valueName: "file"))
  var pasidFiles: [String] = []

  @Option(
    name: .customLong("profile"), parsing: .singleValue,
    help: ArgumentHelp(
      "The vPCI profile that a device's guest was shown; the nth is the nth device's.",
      valueName: "profile"))
  var profiles: [String] = []

  @Flag(help: "Run the devices again when the stream is whole.")
  var resume = false

  @Flag(name: .customLong("no-precopy"), help: "Read nothing while the devices run.")
  var noPreCopy = false

  @Flag(
    name: .customLong("without-p2p"),
    help: "Capture several devices though not all of their drivers have P2P.")
  var withoutP2P = false

  @Option(help: ArgumentHelp("The time that the devices may be stopped.", valueName: "time"))
  var downtimeLimit = DurationOption(.milliseconds(300))

  @Option(help: ArgumentHelp("The most rounds before they are stopped anyway.", valueName: "n"))
  var maxIterations = 30

  @Option(
    help: ArgumentHelp("The most time before they are stopped anyway.", valueName: "time"))
  var maxTime = DurationOption(.seconds(3600))

  @Option(
    help: ArgumentHelp("The most bytes a second to read while they run.", valueName: "size"))
  var bandwidth: ByteSize?

  @OptionGroup var pause: PauseOptions

  @OptionGroup var coding: CodingOptions

  @Flag(
    help: "Print JSON (schemas/capture.schema.json), with '-o -' to standard error.")
  var json = false

  @OptionGroup var trace: TraceOption

  func validate() throws {
    guard maxIterations >= 1 else {
      throw ValidationError("Expected --max-iterations of 1 or more, found \(maxIterations).")
    }
    guard bandwidth?.byteCount != 0 else {
      throw ValidationError("Expected a --bandwidth above 0.")
    }
    guard pasidFiles.count <= devices.count else {
      throw ValidationError("Expected at most one --pasid for each device.")
    }
    guard profiles.count <= devices.count else {
      throw ValidationError("Expected at most one --profile for each device.")
    }
  }

  private var options: CaptureOptions {
    var options = CaptureOptions()
    // While the VM is paused there is nothing to gain from it.
    options.usesPreCopy = !noPreCopy && !pause.isAsked
    options.downtimeLimit = downtimeLimit.duration
    options.iterationLimit = maxIterations
    options.preCopyTimeLimit = maxTime.duration
    options.bandwidth = bandwidth?.byteCount
    options.resumes = resume
    options.allowsMissingP2P = withoutP2P
    return options
  }

  var reportsToStandardError: Bool { output == "-" }

  func run() throws {
    do {
      try capture()
    } catch {
      throw DeviceFailure.untouched(error, Array(zip((0 as UInt16)..., devices)))
    }
  }

  /// Captures; whatever fails once a device was touched says what became of them.
  private func capture() throws {
    try Outputs.requireDistinct([("-o", output), ("--trace", trace.path)])
    let open = try OpenDevices(devices, in: trace.kernel())
    for device in open.devices where device.isResetWhenClosed {
      StandardError.print(
        "ferry: \(device.name): its driver reset it when this command opened it, so that is what is captured; a "
          + "VMM's own device is named fd:")
    }
    let own: [(option: String, path: String?)] = [("-o", output)]
    try Outputs.requireDistinct(own + open.outputs)
    var sources = open.devices.map { CaptureSource($0) }
    for (index, path) in pasidFiles.enumerated() {
      sources[index].pasids = try PASIDTable(file: path)
    }
    for (index, path) in profiles.enumerated() {
      sources[index].profile = try ProfileFiles.layout(path)
    }
    try pause.check(open.controls)
    for control in open.controls.values {
      try control.requireRunning()
      if pause.isAsked { try control.requireNoMSIX() }
    }
    let file = try OutputFile(path: output)
    // Before the first record, for what the guest sees must be of the moment of its state.
    let machine = try PausedVM(pause)
    do {
      try capture(open, &sources, into: file)
    } catch {
      machine?.runOn(pause)
      throw error
    }
    if resume { machine?.runOn(pause) }
  }

  /// Captures into a file, with a VM that is paused if it is to be.
  private func capture(
    _ open: OpenDevices, _ sources: inout [CaptureSource], into file: consuming OutputFile
  ) throws {
    for (index, control) in open.controls {
      if pause.isAsked { try control.requireNoMSIX() }
      sources[index].guestSpace = try control.guestSpace()
      if !pause.isAsked, try control.status().client != nil {
        sources[index].circumstances = .guestRan
      }
    }
    let standard: CodingPolicy = file.isPipe ? .adaptive : .fixed(.standard)
    var engine = CaptureEngine(
      sources, options: options, information: try .current(), clock: SystemClock())
    let writer = try coding.writer(
      to: file, stateSentAgain: engine.byteCountSentAgain, standard: standard)
    SignalGuard.install()
    let progress = Progress("captured", total: nil)
    var readByteCount: UInt64 = 0
    engine.progress = { state in
      readByteCount = state.byteCount
      progress.show { state.text }
    }
    let summary: CaptureSummary
    do throws(CaptureError<StreamIOError>) {
      summary = try engine.run(into: writer)
    } catch {
      throw DeviceFailure.capture(
        error, open.devices, byteCount: readByteCount, output: output)
    }
    let left = zip((0 as UInt16)..., summary.devices).map { number, device in
      FailureReport.Device(number, name: device.name, outcome: device.outcome)
    }
    do {
      try open.save()
    } catch {
      throw DeviceFailure.unsaved(error, left)
    }
    progress.clear()
    for device in open.devices { device.warnOfConnectionEnd() }
    let report = CaptureReport(
      summary, output: output == "-" ? "standard output" : output,
      digests: open.devices.map { ($0 as? EmulatedDevice)?.model.digest })
    do throws(StreamIOError) {
      if output != "-" {
        try TextOutput.show(report, asJSON: json)
      } else if json || StandardError.isTerminal {
        try StandardError.show(report, asJSON: json)
      }
    } catch {
      throw DeviceFailure.reportLost(
        error, done: "\(output == "-" ? "the stream" : output) is whole", left)
    }
  }
}
