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

  @Flag(help: "With each field its place: offset (hexadecimal) and length in bytes.")
  var offsets = false

  @Flag(help: "With each part that is not shown its CRC-32C, which takes reading it.")
  var checksums = false

  @Flag(help: "Print JSON (schemas/dissect.schema.json).")
  var json = false

  func validate() throws {
    if json && offsets { throw ValidationError("Expected --json or --offsets, not both.") }
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
      checksums: checksums ? try DissectReport.checksums(of: tree, from: source) : nil)
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
    } else {
      try report.writeText(hasOffsets: offsets) { try output.print(TerminalText.lines($0)) }
    }
    try output.finish()
    if let failure { throw failure.reported(json) }
  }
}

extension LayoutTree {
  /// The number of findings that are errors, of those that are kept.
  var errorCount: Int { findings.count { $0.severity == .error } }
}
