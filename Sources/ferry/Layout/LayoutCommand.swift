import ArgumentParser
import Reports
import StateLayout

/// `ferry layout`: the layouts of device state that are known.
struct LayoutCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "layout",
    abstract: "List, show and check layouts of device state.",
    discussion: """
      A layout is a Kaitai Struct file that says where each field of a driver's state lies and what \
      it must be. ferry dissect --layout takes one from a file, too.

      Example: ferry layout list
      """,
    subcommands: [LayoutList.self, LayoutShow.self, LayoutCheck.self])
}

/// `ferry layout list`.
struct LayoutList: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the layouts that are known.",
    discussion: "Example: ferry layout list")

  @Flag(help: "Print JSON (schemas/layout-list.schema.json).")
  var json = false

  func run() throws { try TextOutput.show(LayoutListReport(), asJSON: json) }
}

/// `ferry layout show`.
struct LayoutShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print a layout's file.",
    discussion: """
      The file is valid Kaitai Struct: parsers in other languages can be generated from it, and a \
      changed copy can be given to --layout.

      Example: ferry layout show mtty > mtty.ksy
      """)

  @Argument(help: "The name of the layout.", completion: .layoutName)
  var name: String

  func run() throws {
    guard let layout = Layout.named(name) else {
      let names = Layout.shipped.map(\.name).joined(separator: ", ")
      throw CommandError.no("expected one of the layouts \(names); found '\(name)'")
    }
    var output = try TextOutput()
    try output.print(String(decoding: layout.text, as: UTF8.self), terminator: "")
    try output.finish()
  }
}

/// `ferry layout check`.
struct LayoutCheck: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Say whether a file can be used as a layout.",
    discussion: """
      An error names line and column, what was expected and what was found; a feature of Kaitai \
      Struct that is not understood is named. Exit code 3 then.

      Example: ferry layout check acme.ksy
      """)

  @Argument(help: "The .ksy file.", completion: .file(extensions: ["ksy"]))
  var file: String

  @Flag(help: "Print JSON (schemas/layout-check.schema.json).")
  var json = false

  func run() throws {
    try TextOutput.show(
      LayoutCheckReport(try LayoutFiles.layout(at: file), file: file), asJSON: json)
  }
}
