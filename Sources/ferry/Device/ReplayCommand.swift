import ArgumentParser
import DeviceServer
import Devices
import EmulatedDevices
import Inputs
import Migration
import MigrationStream
import Reports
import StreamIO

/// `ferry replay`: a stream onto devices.
struct ReplayCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Restore the state of a stream onto devices.",
    discussion: """
      Checks first, and touches no device that cannot take the stream: what the device is, its \
      configuration space or profile, the state by its layout and by what is known of the device, \
      PASIDs, interrupts. Each reason is named as 'ferry translate' names it, with the translation \
      that helps, if one does. What could not be checked is listed as not checked; --strict takes it \
      for a no. The devices run only when the whole stream was verified, to its end. What fails \
      before a device takes state leaves it as it was; from there on it is reset, and what it had is \
      lost. The message says which.

      State that its layout finds unsound, cut or missing is refused, for several drivers take such. \
      State of at most 8 MiB is kept until the stream was read to its end, verified and judged; no \
      device is touched before. Larger state of a file is judged first too; that of a pipe, which is \
      read once, is judged by its first 8 MiB, and goes to the device as it comes then.

      \(OpenDevices.help)

      Exit codes: 1 the devices cannot take the stream, or it lacks what an answer needs; 3 it is \
      damaged or torn; 4 a device failed after the checks passed; whatever it was, 6 if a device has \
      lost its state, 7 if one was not brought back.

      Examples:
        ferry replay mtty.dms 'emulated:mtty?ports=2' --check
        ferry replay mtty.dms 'emulated:mtty?ports=2&file=device'
        ferry replay vm.dms vfio:0000:3b:00.1 --then my-vmm --resume
      """)

  enum Part: String, ExpressibleByArgument, CaseIterable {
    case config, bindings, state

    var parts: ReplayParts {
      switch self {
      case .config: .configuration
      case .bindings: .bindings
      case .state: .state
      }
    }
  }

  @Argument(help: "The stream.", completion: .file())
  var file: String

  @Argument(
    help: ArgumentHelp(
      "The nth device takes the stream's nth; N=DEVICE takes device N, counted from 0.",
      valueName: "device"), completion: .device)
  var devices: [String]

  @Flag(help: "Only check: whether the stream is whole, and whether the devices can take it.")
  var check = false

  @Flag(help: "Leave the devices stopped, with the state of the stream.")
  var leaveStopped = false

  @Option(
    help: ArgumentHelp(
      "Restore one part: config (registers that no driver carries), bindings or state.",
      valueName: "part"))
  var only: Part?

  @OptionGroup var choices: ReplayChoices

  @OptionGroup var pause: PauseOptions

  @OptionGroup var reading: ReadingOptions

  @Flag(help: "Print JSON (schemas/replay.schema.json).")
  var json = false

  @OptionGroup var keeping: HandOverOptions

  @OptionGroup var trace: TraceOption

  func validate() throws {
    try choices.validate(deviceCount: devices.count)
    guard !check || !keeping.isAsked else {
      throw ValidationError("--check restores nothing that could be kept.")
    }
    guard !leaveStopped || only == nil || only == .state else {
      throw ValidationError("--leave-stopped goes with state only.")
    }
    guard !leaveStopped || pause.qmp == nil else {
      throw ValidationError(
        """
        --leave-stopped gives QEMU no registers back, which --qmp is for; --paused says that the VM is \
        paused.
        """)
    }
  }

  /// The stream's device numbers, and the names of who takes them.
  private func assignments() throws -> [(number: UInt16, name: String)] {
    var result: [(number: UInt16, name: String)] = []
    for (index, text) in devices.enumerated() {
      let digits = text.prefix { $0.isASCII && $0.isNumber }
      let named = text.dropFirst(digits.count)
      let isNumbered = !digits.isEmpty && named.hasPrefix("=")
      guard let number = isNumbered ? UInt16(digits) : UInt16(exactly: index),
        !result.contains(where: { $0.number == number })
      else {
        throw CommandError.usage("\(text): expected each device of the stream once")
      }
      result.append((number, isNumbered ? String(named.dropFirst()) : text))
    }
    return result
  }

  private var options: ReplayOptions {
    var options = choices.options
    options.parts = only?.parts ?? .all
    return options
  }

  /// Has the states judged before they are restored, if the stream can be read twice.
  private func judge(_ engine: inout ReplayEngine) throws(StreamIOError) {
    let stream = try ArchivedState(StreamArchive(InputFile(path: file), limits: reading.limits))
    if let defect = stream.catalog.defect { throw StreamIOError(file, .stream(defect)) }
    var introductions: [DeviceIntroduction] = []
    for target in engine.targets {
      guard let introduction = try stream.introduction(of: target.number) else { continue }
      introductions.append(introduction)
    }
    try engine.judge(introductions) { DeviceState(of: $0, in: stream) }
  }

  func run() throws {
    let assignments = try assignments()
    do {
      try replay(onto: assignments)
    } catch {
      throw DeviceFailure.untouched(error, assignments)
    }
  }

  /// Replays; whatever fails once a device was touched says what became of them.
  private func replay(onto assignments: [(number: UInt16, name: String)]) throws {
    let open = try OpenDevices(assignments.map(\.name), in: trace.kernel())
    let targets = try choices.targets(open, numbers: assignments.map(\.number))
    try pause.check(open.controls)
    let machine = try PausedMachine(pause, open, targets, file: file, reading.limits)
    var arguments = ReplayArguments(path: file)
    for (index, assignment) in assignments.enumerated() {
      arguments.devices[assignment.number] = assignment.name
      guard choices.profiles.indices.contains(index) else { continue }
      arguments.profiles[assignment.number] = choices.profiles[index]
    }
    let keeper = try keeping.prepare(open.devices)
    let input: InputFile
    do {
      input = try InputFile(file, for: .stream)
    } catch {
      throw DeviceFailure.unread(error, targets)
    }
    let clock = SystemClock()
    var engine = ReplayEngine(targets, options: options, clock: clock)
    if options.parts.contains(.state), file != "-", input.byteCount != nil {
      do throws(StreamIOError) {
        try judge(&engine)
      } catch {
        throw DeviceFailure.unread(error, targets)
      }
    }
    var reader = StreamReader(input, limits: reading.limits, threads: reading.threadCount)
    SignalGuard.install()
    let progress = Progress("restored", total: nil)
    engine.progress = { state in progress.show { state.text(after: clock.now) } }
    var summary = ReplaySummary()
    do throws(ReplayError<StreamIOError>) {
      if check {
        summary.report = try engine.check(&reader)
        summary.duration = clock.now
      } else {
        let prepared = try engine.prepare(&reader)
        if leaveStopped {
          summary = prepared.leaveStopped()
        } else {
          summary = try prepared.commit()
        }
      }
    } catch {
      let failure = DeviceFailure.replay(error, targets, arguments)
      // A device that failed has been reset: what it is now is to be kept.
      do {
        try open.save()
      } catch {
        throw failure.adding(CommandError(error)?.message.map { "\n  \($0)" } ?? "")
      }
      throw failure
    }
    if !check {
      do {
        try open.save()
      } catch {
        throw DeviceFailure.unsaved(error, summary.devices.map(FailureReport.Device.init))
      }
    }
    progress.clear()
    if !check, !leaveStopped {
      do throws(QMPError) {
        try machine?.giveRegistersBack()
      } catch {
        throw DeviceFailure.registersLost(error, at: pause.qmp ?? "QEMU", summary)
      }
    }
    let digests = targets.compactMap { target in
      (target.device as? EmulatedDevice).map { (target.number, $0.model.digest) }
    }
    let report = ReplayReport(
      summary, arguments, isCheck: check, digests: Dictionary(uniqueKeysWithValues: digests))
    if check {
      for device in open.devices {
        guard let text = DeviceFailure.untouched(device) else { continue }
        StandardError.print("ferry: \(device.name): \(text)")
      }
      return try finish(
        with: report,
        summary.report.permits(options)
          ? nil : DeviceFailure.refusal(summary.report, arguments))
    }
    try keep(targets, by: keeper, with: report, summary, done: "\(file) was restored")
  }
}
