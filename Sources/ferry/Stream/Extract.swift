import ArgumentParser
import Inputs
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
      listed on standard error, and the exit code is 3 if anything of the device is missing.

      Example: ferry extract mtty.dms --device 0 --state mtty.state
      """)

  @Argument(help: "The stream.")
  var file: String

  @Option(help: ArgumentHelp("The device, by name or number.", valueName: "device"))
  var device: DeviceSelector

  @Option(help: ArgumentHelp("Where the device state goes.", valueName: "out"))
  var state: String?

  @Option(help: ArgumentHelp("Where the configuration space goes, as raw bytes.", valueName: "out"))
  var config: String?

  @Option(help: ArgumentHelp("Where the PASID bindings go, as YAML.", valueName: "out"))
  var pasid: String?

  @Flag(help: "Give what is intact of a damaged stream.")
  var salvage = false

  @OptionGroup var reading: ReadingOptions

  func validate() throws {
    let outputs = [state, config, pasid].compactMap(\.self)
    guard !outputs.isEmpty else {
      throw ValidationError("Expected at least one of --state, --config and --pasid.")
    }
    guard outputs.count == Set(outputs).count else {
      throw ValidationError("Expected a different file for each output.")
    }
  }

  func run() throws {
    if salvage { try extractIntact() } else { try extractWhole() }
  }

  private func files() throws -> PartFiles {
    try PartFiles(
      of: device, in: file,
      to: PartFiles.Paths(state: state, configuration: config, pasids: pasid))
  }

  private func extractWhole() throws {
    var reader = StreamReader(
      try InputFile(file, for: .stream), limits: reading.limits, threads: reading.threadCount)
    var files = try files()
    let progress = Progress("extracted", total: reader.inputByteCount)
    try reader.copy(into: &files) { progress.update($0.offset) }
    try files.finish()
  }

  private func extractIntact() throws {
    var stream = try StreamSalvage(try InputFile(path: file).seekable())
    var files = try files()
    while let record = try stream.next() {
      switch record.content {
      case .metadata(let value): files.add(value)
      case .chunk(let chunk):
        try files.write(stream.chunkBytes, of: chunk.device, at: chunk.stateOffset)
      }
    }
    let number = try files.resolve(minimumCount: stream.report.losses.count)
    let loss = stream.report.losses[Int(number)]
    try files.finish(
      stateByteCount: stream.report.catalog.devices[Int(number)].summary?.byteCount)
    guard loss.isEmpty else {
      let text = loss.lines.joined(separator: "\n")
      throw CommandError.damaged("\(file): device \(number) is not whole\n\(text)")
    }
  }
}
