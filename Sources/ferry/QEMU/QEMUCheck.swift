import ArgumentParser
import Inputs
import PCIConfig
import QEMUStream
import Reports

/// `ferry qemu check`.
struct QEMUCheck: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Predict whether QEMU accepts a device's configuration on a destination.",
    discussion: """
      SPACE is the destination device's configuration space, as 'ferry pci diff' takes it: the text of lspci -xxxx, raw \
      bytes, a sysfs config file, or a device of a stream (F.dms#DEVICE). Says every byte that QEMU's load check would \
      refuse, and the first one in its own words, as 'ferry pci diff --as-qemu' does. Exits with 0 if the \
      configuration is accepted, and with 1 if it is refused, or if SPACE lacks bytes that decide.

      Example: ferry qemu check vm.qemu --local /sys/bus/pci/devices/0000:3b:00.1/config
      """)

  @Argument(help: ArgumentHelp("The stream, and its multifd channels.", valueName: "f"))
  var files: [String]

  @Option(
    help: ArgumentHelp(
      "The device, where there are several: its id, or its number among the VFIO devices.",
      valueName: "device"))
  var device: DeviceSelector?

  @Option(help: ArgumentHelp("The destination's space.", valueName: "space"))
  var local: String

  @Option(
    help: ArgumentHelp("Only this device of a dump of several.", valueName: "slot"))
  var slot: String?

  @Option(
    help: ArgumentHelp(
      "The machine's version, which sets vfio-pci.skip-vsc-check; that of the stream by default.",
      valueName: "major.minor"))
  var machine: QEMUMachineVersion?

  @Flag(help: "Print JSON (schemas/pci-diff-qemu.schema.json).")
  var json = false

  @OptionGroup var trace: TraceOption

  func run() throws {
    let migration = try QEMUMigration(files, isReadTwice: false)
    let content = try migration.content()
    let path = migration.main.name
    let numbers = try content.numbers(of: device, in: path)
    guard numbers.count == 1 else {
      throw CommandError.no(
        "\(path): expected one VFIO device, found \(numbers.count): choose one with --device")
    }
    let device = content.catalog.vfioDevices[numbers[0]]
    guard let record = device.configuration else {
      if let defect = content.defect { throw CommandError(defect.error, in: defect.path) }
      throw CommandError.no(
        "\(path): expected a configuration record of \(TerminalText.text(device.id)), found none")
    }
    let own = content.catalog.configuration.flatMap { QEMUMachineVersion(of: $0.machine) }
    let check = try QEMULoadCheck(
      record: record, local: SpaceInput.space(local, at: slot, in: trace.kernel()),
      machine: machine ?? own)
    try TextOutput.show(check, asJSON: json)
    if !check.isAccepted { throw CommandError.no() }
  }
}
