import ArgumentParser
import ByteIO
import Inputs
import Migration
import MigrationStream
import Reports
import StreamIO

/// `ferry extract`: a device's parts out of a stream.
struct Extract: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take a device's state, configuration space or PASID bindings out of a stream.",
    discussion: """
      The files appear only when the stream was read to its end and is good. With --salvage a \
      damaged stream gives what is intact: missing state is written as zeros and its ranges are \
      listed on standard error, and the exit code is 3 unless the device is known to be whole: \
      its state has the digest of its summary, and no record is missing that may be the device's.

      FILE may also be a Cloud Hypervisor snapshot, its state.json or its folder, of which a device \
      becomes a stream with -o.

      Examples:
        ferry extract mtty.dms --device 0 --state mtty.state
        ferry extract state.json --device _vfio0 -o nic.dms
      """)

  @Argument(help: "The stream, or a snapshot.", completion: .file())
  var file: String

  @Option(help: ArgumentHelp("The device, by name or number.", valueName: "device"))
  var device: DeviceSelector

  @Option(help: ArgumentHelp("Where the device state goes.", valueName: "out"), completion: .file())
  var state: String?

  @Option(
    help: ArgumentHelp("Where the configuration space goes, as raw bytes.", valueName: "out"),
    completion: .file())
  var config: String?

  @Option(
    help: ArgumentHelp("Where the PASID bindings go, as YAML.", valueName: "out"),
    completion: .file())
  var pasid: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Where a snapshot's device goes, as a .dms stream.", valueName: "out"),
    completion: .file())
  var output: String?

  @Flag(help: "Give what is intact of a damaged stream.")
  var salvage = false

  @OptionGroup var reading: ReadingOptions

  func validate() throws {
    guard state != nil || config != nil || pasid != nil || output != nil else {
      throw ValidationError("Expected at least one of --state, --config, --pasid and -o.")
    }
  }

  func run() throws {
    try Outputs.requireDistinct([
      ("--state", state), ("--config", config), ("--pasid", pasid), ("-o", output),
    ])
    if CloudHypervisorSnapshot.isFolder(file) {
      return try extract(from: CloudHypervisorSnapshot(file))
    }
    if salvage { return try extractIntact() }
    let recognized = try RecognizedFile(file)
    if recognized.kind == .cloudHypervisorState {
      return try extract(from: CloudHypervisorSnapshot(recognized))
    }
    try extractWhole(recognized.file(for: .stream))
  }

  private func files() throws -> PartFiles {
    try PartFiles(
      of: device, in: file,
      to: PartFiles.Paths(
        state: state, configuration: config, pasids: pasid, pasidText: \.yaml))
  }

  private func extract(from snapshot: CloudHypervisorSnapshot) throws {
    guard config == nil, pasid == nil, !salvage else {
      throw CommandError.no(
        "\(file): expected --state or -o: a Cloud Hypervisor snapshot has no configuration space and "
          + "no PASID bindings of a device")
    }
    let chosen = try snapshot.device(device)
    if let state {
      var file = try OutputFile(path: state)
      try snapshot.state(of: chosen).copy(to: file)
      try file.finish()
    }
    guard let output else { return }
    var writer = try StreamWriter(
      to: OutputFile(path: output), header: StreamHeader(uuid: .random()),
      threads: reading.threadCount)
    let progress = Progress("extracted", total: chosen.stateByteCount)
    var source = try snapshot.records(
      of: chosen, information: .current(), limits: writer.limits)
    try source.copy(into: &writer) { progress.update($0.stateByteCount) }
    try writer.finish()
  }

  private func extractWhole(_ input: consuming InputFile) throws {
    guard output == nil else {
      throw CommandError.usage(
        "\(file): expected a Cloud Hypervisor snapshot with -o, found a .dms stream")
    }
    var reader = StreamReader(input, limits: reading.limits, threads: reading.threadCount)
    var files = try files()
    let progress = Progress("extracted", total: reader.inputByteCount)
    try reader.copy(into: &files) { progress.update($0.offset) }
    try files.finish()
  }

  private func extractIntact() throws {
    let stream = try StreamSalvage(try InputFile(path: file).seekable())
    let (report, number, missingParts) = try files().finish(salvaging: stream)
    for part in missingParts {
      StandardError.print("ferry: \(file): no intact \(part) of device '\(device)'")
    }
    guard !report.isWhole(device: number) else { return }
    let loss = report.losses[Int(number)]
    guard !loss.isEmpty else {
      let text = report.lines.joined(separator: "\n")
      throw CommandError.damaged(
        "\(file): device \(number) may not be whole: the stream is "
          + "\(report.condition.rawValue)\n\(text)")
    }
    throw CommandError.damaged(
      "\(file): device \(number) is not whole\n\(loss.lines.joined(separator: "\n"))")
  }
}
