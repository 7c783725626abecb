import ArgumentParser
import ByteIO
import Inputs
import MigrationStream
import Reports
import StateLayout
import StateTranslation
import StreamIO

/// `ferry edit`: a state with other values in some fields.
struct EditCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "edit",
    abstract: "Change fields of a device's state; what follows from them follows.",
    discussion: """
      STATE is a file of device state, or a device of a stream (F.dms#0), of which a new stream is \
      written that has all else as it was; the device's state is in no rounds there. PATH is a field as ferry dissect --flat shows it; [] \
      stands for every item of an array. VALUE is a number, a label of the layout, labels of bits \
      with | between them, text, or bytes in hexadecimal.

      Lengths and counts follow from the content. The result is sound by its layout, or nothing is \
      written and the exit code is 1.

      Example: ferry edit mtty.dms#0 ports[0].overrun=yes -o edited.dms
      """)

  @Argument(help: "The state.", completion: .file())
  var state: String

  @Argument(help: ArgumentHelp("A field and its value.", valueName: "path=value"))
  var edits: [String]

  @Option(
    help: "The layout: a name of ferry layout list, or a .ksy file.", completion: .layout)
  var layout: String?

  @OptionGroup var coding: CodingOptions

  @Flag(help: "Print JSON (schemas/edit.schema.json).")
  var json = false

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The new state or stream.", valueName: "out"),
    completion: .file())
  var output: String

  // Of all layouts that ship with Ferry, the only one with checksums.
  private static let streamLayout = "dms"

  func validate() throws {
    if output == "-" && json { throw ValidationError("Expected --json with an output file.") }
    if edits.isEmpty { throw ValidationError("Expected a field and its value, as PATH=VALUE.") }
  }

  func run() throws {
    var fields: [FieldEdit] = []
    for text in edits {
      do throws(LayoutError) { fields.append(try FieldEdit(text)) } catch {
        throw CommandError.usage("\(error)")
      }
    }
    let chosen = try layout.map { try LayoutFiles.layout($0) }
    let input = try StateInput(state, isAnyKind: chosen != nil)
    let detection = try input.detection().completed(byDriver: input.driver)
    guard let layout = chosen ?? detection.best?.layout else {
      throw CommandError.undecided(
        state, detection.candidates, driver: input.driver, option: "--layout")
    }
    guard layout.name != Self.streamLayout else {
      throw CommandError.usage(
        "\(state): expected a device of the stream, such as \(state)#0, or device state; the "
          + "checksums of a stream do not follow its fields")
    }
    let changes: FieldComparison
    if let stream = input.stream {
      changes = try edit(stream, layout, fields)
    } else if let option = coding.given.first {
      throw CommandError.usage("\(state): expected a stream with \(option), found device state")
    } else {
      changes = try edit(input.source, layout, fields)
    }
    if output != "-" { try finish(with: EditReport(changes, name: state)) }
  }

  /// Writes the state alone.
  private func edit(
    _ source: some StateInputSource, _ layout: Layout, _ fields: [FieldEdit]
  ) throws -> FieldComparison {
    let edited = try edited(source, layout, fields)
    var file = try OutputFile(path: output)
    try edited.payload.forEach(from: source) { (span) throws(StreamIOError) in
      try file.write(span)
    }
    try file.finish()
    return edited.changes
  }

  /// Writes the stream with the device's new state.
  private func edit(
    _ stream: StateInput.Stream, _ layout: Layout, _ fields: [FieldEdit]
  ) throws -> FieldComparison {
    let archived = stream.state
    // What is copied gets digests of its own.
    try archived.verify()
    let source = DeviceState(of: stream.device, in: archived)
    let edited = try edited(source, layout, fields)
    guard let introduction = try archived.introduction(of: stream.device) else {
      return edited.changes
    }
    let device = TranslatedDevice(
      introduction, state: source, edited: edited.payload, layout: layout)
    var records = ArchivedRecords(archived)
    var translation = StreamTranslation(
      [device], information: try .current(),
      into: try coding.writer(
        to: OutputFile(path: output), limits: archived.archive.header.limits),
      stateFailure: { $0 })
    try records.copy(into: &translation)
    try translation.finish()
    return edited.changes
  }

  private func edited(
    _ source: some StateInputSource, _ layout: Layout, _ fields: [FieldEdit]
  ) throws -> EditedState {
    do throws(EditError<StreamIOError>) {
      return try layout.edit(source, fields)
    } catch {
      switch error {
      case .source(let cause): throw cause
      case .field(let cause):
        throw CommandError.no("\(state): \(cause)").about(ErrorDetail(cause, file: state))
      case .unsound(let finding, let count):
        let more = count > 1 ? "; \(QuantityText.count(count, "error")) in all" : ""
        throw CommandError.no(
          "\(state): the result would be unsound by the layout \(layout.name): \(finding)\(more)"
        ).about(ErrorDetail("unsound", file: state))
      }
    }
  }
}
