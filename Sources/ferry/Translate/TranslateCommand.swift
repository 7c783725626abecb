import ArgumentParser
import ByteIO
import Devices
import Inputs
import Migration
import MigrationStream
import Reports
import StateLayout
import StateTranslation
import StreamIO
import VirtualPCI

/// `ferry translate`: a state in another layout.
struct TranslateCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "translate",
    abstract:
      "Turn device state into another layout, or for another target: without loss, or not at all.",
    discussion: """
      IN is a stream, of which every device is translated or the one of --device, or a file of device \
      state. --target says what is known of the device that is to take it: a file of facts \
      (schemas/device-facts.schema.json; ferry facts writes one), or a device that can be asked. What \
      depends on a fact that is not known is not checked, and the report says so. A device that is \
      named is held against the rest of the stream too, as 'ferry replay --check' does.

      Each rewrite is listed by --explain. The exit code is 1 where the translation is refused, with \
      every reason. --allow accepts a loss, by its name:

      \(TranslationLoss.allCases.map { "  \($0.rawValue)\n      \($0.summary)" }.joined(separator: "\n"))

      Examples:
        ferry translate a.dms --to hisi_acc-v1 --target zip.yaml --explain -o b.dms
        ferry translate a.dms --to virtio --target 'emulated:virtio-net?pairs=8' --profile net.yaml -o b.dms
        ferry translate image --from mlx5-raw --to mlx5 -o image.tagged
      """)

  @Argument(help: ArgumentHelp("A stream, or device state.", valueName: "in"), completion: .file())
  var input: String

  @Option(
    help: ArgumentHelp(
      "The layout of the state, where its content and its driver do not say.", valueName: "layout"),
    completion: .layoutName)
  var from: String?

  @Option(
    help: ArgumentHelp("The layout that is wanted.", valueName: "layout"), completion: .layoutName)
  var to: String

  @Option(
    help: ArgumentHelp("What is known of the target.", valueName: "facts or device"),
    completion: .deviceOrFile)
  var target: String?

  @Option(
    help: ArgumentHelp("What is known of the source.", valueName: "facts or device"),
    completion: .deviceOrFile)
  var source: String?

  @Option(help: ArgumentHelp("The device of a stream, by name or number.", valueName: "device"))
  var device: DeviceSelector?

  @Option(
    help: ArgumentHelp(
      "The vPCI profile that the guest is shown on both sides.", valueName: "profile"),
    completion: .profile)
  var profile: String?

  @Option(
    parsing: .singleValue, help: ArgumentHelp("A loss to accept.", valueName: "name"),
    completion: .loss, transform: Self.loss)
  var allow: [TranslationLoss] = []

  @Flag(help: "Make zeros of bytes of the state that mean nothing by its layout.")
  var scrub = false

  @Flag(help: "List every rewrite, with its rule and where that is written.")
  var explain = false

  @Flag(help: "Write nothing; only say what would be done.")
  var dryRun = false

  @OptionGroup var coding: CodingOptions

  @OptionGroup var trace: TraceOption

  @Flag(help: "Print JSON (schemas/translate.schema.json).")
  var json = false

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The translated stream or state.", valueName: "out"),
    completion: .file())
  var output: String?

  /// The loss with this name, for `--allow`.
  static func loss(_ text: String) throws -> TranslationLoss {
    guard let loss = TranslationLoss(rawValue: text) else {
      let names = TranslationLoss.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("Expected one of \(names).")
    }
    return loss
  }

  func validate() throws {
    guard dryRun != (output != nil) else {
      throw ValidationError("Expected an output (-o) or --dry-run.")
    }
    guard output != "-" || !(explain || json) else {
      throw ValidationError("Expected --explain and --json with an output file, or with --dry-run.")
    }
  }

  func run() throws {
    try Outputs.requireDistinct([("-o", output), ("--trace", trace.path)])
    let wanted = try LayoutFiles.layout(to, option: "--to")
    let chosen = try from.map { try LayoutFiles.layout($0, option: "--from") }
    let kernel = try trace.kernel()
    let taker = try target.flatMap { try OpenDevices.one(named: $0, in: kernel) }
    var translator = Translator(
      for: try taker.map(FactFiles.facts)
        ?? target.map { try FactFiles.facts($0, in: kernel) } ?? DeviceFacts())
    translator.source = try source.map { try FactFiles.facts($0, in: kernel) } ?? DeviceFacts()
    translator.allowed = Set(allow)
    translator.scrubs = scrub
    translator.asksTarget = taker is any FactualDevice
    let file = try RecognizedFile(input)
    if file.kind == .migrationStream {
      try translateStream(
        file.file().seekable(), from: chosen, to: wanted, by: translator, for: taker)
    } else {
      // Whoever says what the state is knows better.
      let state = try chosen == nil ? file.file(for: .state) : file.file()
      try translateState(
        state.seekable(), from: chosen, to: wanted, by: translator, for: taker)
    }
  }

  private func translateStream(
    _ file: consuming InputFile, from chosen: Layout?, to wanted: Layout,
    by translator: Translator, for taker: (any MigratableDevice)?
  ) throws {
    let records = RecordTranslation(
      for: translator.target, profile: try profile.map(ProfileFiles.layout))
    let stream = try ArchivedState(StreamArchive(file, limits: .randomAccess))
    let catalog = stream.catalog
    if let defect = catalog.defect { throw StreamIOError(input, .stream(defect)) }
    // What is copied and what is translated gets digests of its own.
    let reading = Progress("verified", total: catalog.stateByteCount)
    try stream.verify { reading.update($0) }
    let numbers =
      try device.map { selector in
        [try selector.number(among: catalog.devices.map(\.identity.name), in: input)]
      } ?? (0..<UInt16(catalog.devices.count)).map { $0 }
    let introductions = try numbers.compactMap { try stream.introduction(of: $0) }
    let devices = try introductions.map { introduction in
      let number = introduction.number
      return try naming("\(input)#\(number)", of: introduction.identity.driver) {
        try TranslatedDevice(
          introduction, state: DeviceState(of: number, in: stream), from: chosen, to: wanted,
          by: translator, records: records)
      }
    }
    let reports = try devices.map { device in
      TranslateReport.Device(
        number: device.introduction.number, device.outcome,
        try taker.map { taker in
          try asking(taker, device.introduction.number) {
            () throws(StateJudgement.Failure<StreamIOError>) in
            try CompatibilityReport(
              device, from: translator.source,
              for: ReplayTarget(
                taker, number: device.introduction.number, profile: records.profile))
          }
        })
    }
    try finish(reports) { output in
      let progress = Progress("translated", total: nil)
      var source = ArchivedRecords(stream)
      var translation = StreamTranslation(
        devices, information: try .current(),
        into: try coding.writer(to: OutputFile(path: output), limits: stream.archive.header.limits),
        stateFailure: { $0 }, progress: { progress.update($0) })
      try source.copy(into: &translation)
      try translation.finish()
    }
  }

  /// Runs `body`, which asks the target something.
  private func asking<Answer>(
    _ target: any MigratableDevice, _ number: UInt16,
    _ body: () throws(StateJudgement.Failure<StreamIOError>) -> Answer
  ) throws -> Answer {
    do throws(StateJudgement.Failure<StreamIOError>) {
      return try body()
    } catch {
      switch error {
      case .source(let cause): throw cause
      case .device(let cause):
        throw CommandError.device(DeviceFailure.text(cause, number, target))
      }
    }
  }

  private func translateState(
    _ file: consuming InputFile, from chosen: Layout?, to wanted: Layout,
    by translator: Translator, for taker: (any MigratableDevice)?
  ) throws {
    let options = (device == nil ? [] : ["--device"]) + (profile == nil ? [] : ["--profile"])
    if let option = (options + coding.given).first {
      throw CommandError.usage("\(input): expected a stream with \(option), found device state")
    }
    let state = FileState(file)
    let outcome = try naming(input, of: translator.source.driver) {
      try translator.translate(state, from: chosen, of: translator.source.driver, to: wanted)
    }
    let compatibility = try taker.map { taker in
      try asking(taker, 0) { () throws(StateJudgement.Failure<StreamIOError>) in
        try CompatibilityReport(
          outcome, of: state, from: translator.source, for: ReplayTarget(taker, number: 0))
      }
    }
    try finish([TranslateReport.Device(number: nil, outcome, compatibility)]) { output in
      var file = try OutputFile(path: output)
      try outcome.state?.forEach(from: state) { (span) throws(StreamIOError) in
        try file.write(span)
      }
      try file.finish()
    }
  }

  /// Says of which state it is that the layout is not known.
  private func naming<Result>(
    _ name: String, of driver: String?, _ translate: () throws -> Result
  ) throws -> Result {
    do {
      return try translate()
    } catch TranslationError<StreamIOError>.source(let cause) {
      throw cause
    } catch TranslationError<StreamIOError>.unknownLayout(let candidates) {
      throw CommandError.undecided(name, candidates, driver: driver, option: "--from")
    }
  }

  /// Writes the output if nothing was refused, and reports.
  private func finish(
    _ devices: [TranslateReport.Device], write: (String) throws -> Void
  ) throws {
    let report = TranslateReport(devices, name: input, listsRewrites: explain || dryRun)
    guard report.isAccepted else {
      var failure = CommandError.no(report.text).about(
        ErrorDetail(report.verdict == .unknown ? "unknown" : "refused", file: input))
      failure.partial = report.json
      failure.isTold = json
      throw failure
    }
    if let output { try write(output) }
    if output != "-" { try finish(with: report) }
  }
}
