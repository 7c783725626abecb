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
        ferry capture 'emulated:synthetic?size=2GiB&precopy=1GiB&dirty=5%' -o - |
          ferry replay - 'emulated:synthetic?size=2GiB'
      """)

  @Argument(help: ArgumentHelp("The devices.", valueName: "device"), completion: .device)
  var devices: [String]

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The stream.", valueName: "out"), completion: .file())
  var output: String

  @OptionGroup var choices: CaptureChoices

  @Flag(help: "Run the devices again when the stream is whole.")
  var resume = false

  @OptionGroup var coding: CodingOptions

  @Flag(
    help: "Print JSON (schemas/capture.schema.json), with '-o -' to standard error.")
  var json = false

  @OptionGroup var trace: TraceOption

  func validate() throws { try choices.validate(deviceCount: devices.count) }

  private var options: CaptureOptions {
    var options = choices.options
    options.resumes = resume
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
    let own: [(option: String, path: String?)] = [("-o", output)]
    try Outputs.requireDistinct(own + open.outputs)
    var sources = try choices.sources(open)
    try choices.check(open)
    let file = try OutputFile(path: output)
    // A VM that is paused must run again, whatever ends the command.
    SignalGuard.install()
    var machine = try PausedVM(choices.pause, open.controls)
    // Before the first record, for what the guest sees must be of the moment of its state.
    try machine?.pause(choices.pause)
    do {
      try capture(open, &sources, into: file)
    } catch {
      machine?.runOn(choices.pause)
      throw error
    }
    if resume { machine?.runOn(choices.pause) }
  }

  /// Captures into a file, with a VM that is paused if it is to be.
  private func capture(
    _ open: OpenDevices, _ sources: inout [CaptureSource], into file: consuming OutputFile
  ) throws {
    try choices.addGuests(to: &sources, open)
    let standard: CodingPolicy = file.isPipe ? .adaptive : .fixed(.standard)
    var engine = CaptureEngine(
      sources, options: options, information: try .current(), clock: SystemClock())
    let writer = try coding.writer(
      to: file, stateSentAgain: engine.byteCountSentAgain, standard: standard)
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
