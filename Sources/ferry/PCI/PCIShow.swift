import ArgumentParser
import PCIConfig
import Reports

/// `ferry pci show`.
struct PCIShow: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show capabilities, fields and the map of configuration spaces.",
    discussion: """
      DUMP is a text with dumps in it, the raw bytes of one space, a device (vfio:…), a sysfs config file, or - for \
      standard input. Dumps are read from the output of lspci -x, -xxx or -xxxx, hexdump, xxd and od, from joined \
      digits, the kernel's early dump, and QEMU's trace of reads; quoted, indented, and among other lines.

      Names are those of the file pci.ids, if there is one (Debian's package pci.ids), or of the file in \
      FERRY_PCI_IDS.

      Example: ferry pci show dump.txt --device 3b:00.0
      """)

  @Argument(help: "What to read.", completion: .deviceOrFile)
  var dump: String

  @Option(
    help: ArgumentHelp("Only this device: its slot, or its number from 0.", valueName: "device"))
  var device: String?

  @Flag(name: .shortAndLong, help: "Numbers only, no names.")
  var numeric = false

  @Flag(help: "Print JSON (schemas/pci-show.schema.json).")
  var json = false

  @OptionGroup var trace: TraceOption

  func run() throws {
    try SpaceInput.reportingFailures(in: dump) {
      let devices = try SpaceInput.read(dump, in: trace.kernel()).devices(at: device)
      let names = numeric ? nil : try PCINames.installed()
      let reports = devices.map { ConfigSpaceReport($0, names: names) }
      try json ? Self.list(reports) : Self.print(reports)
    }
  }

  /// The devices' texts with an empty line between them.
  private static func print(_ reports: [ConfigSpaceReport]) throws {
    var output = try TextOutput()
    for (number, report) in reports.enumerated() {
      if number > 0 { try output.print("") }
      try output.print(report.text)
    }
    try output.finish()
  }

  /// An array with an object for each device.
  private static func list(_ reports: [ConfigSpaceReport]) throws {
    var list = try ReportList(heading: "", asJSON: true)
    for report in reports { try list.add(report) }
    try list.finish()
  }
}
