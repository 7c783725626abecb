import ArgumentParser
import Inputs
import Reports
import StateLayout
import StreamIO

/// `ferry dissect`: what is in a device's state.
struct Dissect: ReportingCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take a device's state apart and say whether it is sound.",
    discussion: """
      STATE is a file of device state as a driver handed it out, or a device of a stream, such as \
      F.dms#0 (number or name). What the state is, is told by its content and by its driver, or by \
      --layout. Long opaque parts are passed over, so a state of any size takes little memory.

      The exit code is 1 where the state is unsound by its layout: truncated, or with a value that it \
      must not have, whether the driver would notice or not.

      Example: ferry dissect mtty.dms#0 --offsets
      """)

  @Argument(help: "The state.", completion: .file())
  var state: String

  @Option(
    help: ArgumentHelp("The layout: a name of ferry layout list, or a .ksy file."),
    completion: .layout)
  var layout: String?

  @Option(
    help: ArgumentHelp(
      "Only this field; [] stands for every item of an array. May be given several times.",
      valueName: "path"))
  var field: [String] = []

  @Flag(help: "A line for each field, with its path: ports[0].count = 16.")
  var flat = false

  @Option(help: ArgumentHelp("How many levels of fields to show.", valueName: "levels"))
  var depth: Int?

  @Flag(help: "With each field its place: offset (hexadecimal) and length in bytes.")
  var offsets = false

  @Flag(help: "With each part that is not shown its CRC-32C, which takes reading it.")
  var checksums = false

  @Flag(help: "Print JSON (schemas/dissect.schema.json).")
  var json = false

  func validate() throws {
    if json && offsets { throw ValidationError("Expected --json or --offsets, not both.") }
    if flat && (json || offsets) {
      throw ValidationError("Expected --flat, --json or --offsets, one of them.")
    }
    if let depth, depth < 1 { throw ValidationError("Expected a --depth of 1 or more.") }
  }

  func run() throws {
    let chosen = try layout.map { try LayoutFiles.layout($0) }
    let input = try StateInput(state, isAnyKind: chosen != nil)
    let detection = try input.detection().completed(byDriver: input.driver)
    guard let layout = chosen ?? detection.best?.layout else {
      throw CommandError.undecided(
        state, detection.candidates, driver: input.driver, option: "--layout")
    }
    try report(input.source, layout, chosen == nil ? detection : nil, driver: input.driver)
  }

  private func report(
    _ source: some StateInputSource, _ layout: Layout, _ detection: LayoutDetection?,
    driver: String?
  ) throws {
    let tree = try layout.dissect(source)
    let report = DissectReport(
      tree, name: state, detection: detection, driver: driver,
      checksums: checksums ? try DissectReport.checksums(of: tree, from: source) : nil,
      selection: field.isEmpty ? nil : try selection(of: tree), levels: depth)
    let failure: CommandError? =
      tree.isSound
      ? nil
      : .no(
        "\(state): unsound: \(QuantityText.count(tree.errorCount, "error")) by the layout "
          + layout.name
      ).about(ErrorDetail("unsound", file: state))
    var output = try TextOutput()
    if json {
      try report.writeJSON(failure: failure?.report) { try output.print($0, terminator: "") }
      try output.print("")
    } else if flat {
      try report.writeFlatText { try output.print(TerminalText.text($0)) }
    } else {
      try report.writeText(hasOffsets: offsets) { try output.print(TerminalText.lines($0)) }
    }
    try output.finish()
    if let failure { throw failure.reported(json) }
  }
}

extension Dissect {
  private func selection(of tree: LayoutTree) throws -> [LocatedField] {
    var selection: [LocatedField] = []
    for path in field {
      do throws(LayoutError) {
        selection += try tree.fields(FieldPattern(path))
      } catch {
        throw CommandError.no("\(state): --field \(error)")
          .about(ErrorDetail("absent", file: state))
      }
    }
    return selection
  }
}

extension LayoutTree {
  /// The number of findings that are errors, of those that are kept.
  var errorCount: Int { findings.count { $0.severity == .error } }
}
