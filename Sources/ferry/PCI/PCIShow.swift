import ArgumentParser
import PCIConfig
import Reports

/// `ferry pci show`.
struct PCIShow: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show capabilities, fields and the map of configuration spaces.",
    discussion: """
      DUMP is the text of lspci -x, -xxx or -xxxx (with or without -v), the raw bytes of one space, a device (vfio:…), \
      a sysfs config file, or - for standard input.

      Example: ferry pci show dump.txt --device 3b:00.0
      """)

  @Argument(help: "What to read.")
  var dump: String

  @Option(help: ArgumentHelp("Only this device.", valueName: "slot"))
  var device: String?

  @Flag(help: "Print JSON (schemas/pci-show.schema.json).")
  var json = false

  @OptionGroup var trace: TraceOption

  func run() throws {
    try SpaceInput.reportingFailures(in: dump) {
      let devices = try SpaceInput.read(dump, in: trace.kernel()).devices(at: device)
      try TextOutput.show(DumpReport(devices), asJSON: json)
    }
  }
}
