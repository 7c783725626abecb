import ArgumentParser
import ByteIO
import Migration
import MigrationStream
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

  // State that was not asked for goes nowhere, and is not decoded.
  private func stateFile() throws -> OutputFile { try OutputFile(path: state ?? "/dev/null") }

  private func extractWhole() throws {
    var reader = StreamReader(
      try InputFile(path: file), limits: reading.limits, threads: reading.threadCount)
    let stateFile = try stateFile()
    let progress = Progress("extracted", total: reader.inputByteCount)
    var selected = SelectedDevice(device, in: file)
    while let record = try reader.next() {
      selected.note(record)
      switch record {
      case .chunk(let chunk):
        if try chunk.device == selected.resolve(), state != nil {
          try stateFile.write(try reader.chunkBytes())
        }
        progress.update(reader.offset)
      case .summary, .end: _ = try selected.resolve()
      default: break
      }
    }
    try writeParts(of: selected)
    try stateFile.commit()
  }

  private func extractIntact() throws {
    var stream = try StreamSalvage(try InputFile(path: file).seekable())
    let stateFile = try stateFile()
    var selected = SelectedDevice(device, in: file)
    var position: UInt64 = 0
    while let record = try stream.next() {
      switch record.content {
      case .metadata(let value):
        selected.note(value)
      case .chunk(let chunk):
        guard selected.includes(chunk.device), state != nil else { continue }
        try stateFile.skip(chunk.stateOffset - position)
        try stateFile.write(stream.chunkBytes)
        position = chunk.stateOffset + UInt64(chunk.byteCount)
      }
    }
    let number = try selected.resolve(minimumCount: stream.report.losses.count)
    let loss = stream.report.losses[Int(number)]
    let total = stream.report.catalog.devices[Int(number)].summary?.byteCount ?? position
    if total > position { try stateFile.skip(total - position) }
    try writeParts(of: selected, isSalvage: true)
    try stateFile.commit()
    guard loss.isEmpty else {
      let text = SalvageText.lines(for: loss).joined(separator: "\n")
      throw CommandError.damaged("\(file): device \(number) is not whole\n\(text)")
    }
  }

  private func writeParts(of selected: SelectedDevice, isSalvage: Bool = false) throws {
    let parts: [(path: String?, what: String, bytes: [UInt8]?)] = [
      (config, "configuration space", selected.configuration),
      (pasid, "PASID table", selected.pasids.map { [UInt8]($0.yaml.utf8) }),
    ]
    // Nothing is written unless all that was asked for is there.
    for part in parts where part.path != nil && part.bytes == nil {
      guard isSalvage else {
        throw CommandError.no(
          "\(file): expected a \(part.what) of device '\(device)', found none")
      }
      StandardError.print("ferry: \(file): no intact \(part.what) of device '\(device)'")
    }
    for part in parts {
      guard let path = part.path, let bytes = part.bytes else { continue }
      let output = try OutputFile(path: path)
      try output.write(bytes.span.raw)
      try output.commit()
    }
  }
}
