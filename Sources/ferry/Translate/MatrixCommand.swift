import ArgumentParser
import EmulatedDevices
import Reports

/// `ferry matrix`: what translations do, on the emulated devices.
struct MatrixCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "matrix",
    abstract: "Run every emulated source against every emulated target, as it is and translated.",
    discussion: """
      Prints which targets take a source's state as it is, which take it after a translation, and why \
      the others refuse it. Devices that are named take the place of those that are run otherwise.

      Example: ferry matrix 'emulated:hisi_acc?generation=v1' 'emulated:hisi_acc?generation=v2'
      """)

  @Argument(help: ArgumentHelp("Emulated devices.", valueName: "device"), completion: .device)
  var devices: [String] = []

  @Flag(help: "Print JSON (schemas/matrix.schema.json).")
  var json = false

  func run() throws {
    let matrix = try TranslationMatrix(devices.isEmpty ? TranslationMatrix.devices : devices)
    try TextOutput.show(MatrixReport(matrix), asJSON: json)
  }
}
