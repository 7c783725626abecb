import ArgumentParser
import EmulatedDevices
import StateLayout
import StateTranslation

/// `ferry matrix`: what translations do, on the emulated devices.
struct MatrixCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "matrix",
    abstract: "Run every emulated source against every emulated target, as it is and translated.",
    discussion: """
      Prints which targets take a source's state as it is, which take it after a translation, and why \
      the others refuse it. Devices that are named take the place of those that are run otherwise.

      Example: ferry matrix 'emulated:hisi_acc?generation=v1' 'emulated:hisi_acc?generation=v2'
      """)

  @Argument(help: ArgumentHelp("Emulated devices.", valueName: "device"))
  var devices: [String] = []

  @Flag(help: "Print JSON (schemas/matrix.schema.json).")
  var json = false

  func run() throws {
    let matrix = try TranslationMatrix(devices.isEmpty ? TranslationMatrix.devices : devices)
    var output = try TextOutput()
    try output.print(
      json ? JSONText.of(MatrixReport(matrix)) : matrix.text, terminator: json ? "\n" : "")
    try output.finish()
  }
}

/// What `ferry matrix --json` prints; the shape is `schemas/matrix.schema.json`.
struct MatrixReport: Encodable {
  struct Reason: Encodable {
    var field: String
    var found: String
    var needed: String
  }
  struct Cell: Encodable {
    var source: String
    var target: String
    var verdict: String
    var from: String
    var to: String
    /// What the driver answered to the state as it was, where it did not take it.
    var direct: String?
    var rewrites: [String]
    var refusals: [Reason]
    /// What the driver answered to the translated state, where it did not take it.
    var translated: String?
  }

  var devices: [String]
  var cells: [Cell]

  init(_ matrix: TranslationMatrix) {
    devices = matrix.devices
    cells = matrix.cells.map { cell in
      Cell(
        source: matrix.devices[cell.source], target: matrix.devices[cell.target],
        verdict: cell.verdict.rawValue, from: cell.report.source, to: cell.report.target,
        direct: cell.direct.map { "\($0)" },
        rewrites: Set(cell.report.rewrites.map(\.field)).sorted(),
        refusals: cell.report.refusals.map {
          Reason(field: $0.field, found: $0.found, needed: $0.needed)
        }, translated: cell.translated.map { "\($0)" })
    }
  }
}
