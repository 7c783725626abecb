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

      Example: ferry pci show dump.txt --device 3b:00.0
      """)

  @Argument(help: "What to read.")
  var dump: String

  @Option(
    help: ArgumentHelp("Only this device: its slot, or its number from 0.", valueName: "device"))
  var device: String?

  @Flag(help: "Print JSON (schemas/pci-show.schema.json).")
  var json = false

  @OptionGroup var trace: TraceOption

  func run() throws {
    try SpaceInput.reportingFailures(in: dump) {
      let devices = try SpaceInput.read(dump, in: trace.kernel()).devices(at: device)
      try json ? Self.list(devices) : Self.print(devices)
    }
  }

  /// The devices' texts with an empty line between them.
  private static func print(_ devices: [DumpedDevice]) throws {
    var output = try TextOutput()
    for (number, device) in devices.enumerated() {
      if number > 0 { try output.print("") }
      try output.print(ConfigSpaceReport(device).text)
    }
    try output.finish()
  }

  /// An array with an object for each device.
  private static func list(_ devices: [DumpedDevice]) throws {
    var list = try ReportList(heading: "", asJSON: true)
    for device in devices { try list.add(ConfigSpaceReport(device)) }
    try list.finish()
  }
}
