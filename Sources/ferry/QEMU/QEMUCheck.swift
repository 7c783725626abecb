import ArgumentParser
import Inputs
import PCIConfig
import QEMUStream
import Reports
import StreamIO

/// `ferry qemu check`.
struct QEMUCheck: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Predict whether QEMU accepts a device's configuration on a destination.",
    discussion: """
      SPACE is the destination device's configuration space, as 'ferry pci diff' takes it: the text of lspci -xxxx, raw \
      bytes, a sysfs config file, or a device of a stream (F.dms#DEVICE). Says what QEMU's load check would say, in its \
      own words, and every byte that it would refuse, as 'ferry pci diff --as-qemu' does. The device is a VFIO device, \
      or a function that QEMU emulates, whose space the stream's own description tells. Exits with 0 if the \
      configuration is accepted, and with 1 if not, or if that cannot be told.

      Example: ferry qemu check vm.qemu --local there.config
      """)

  @Argument(
    help: ArgumentHelp("The stream, and its multifd channels.", valueName: "f"), completion: .file()
  )
  var files: [String]

  @OptionGroup var place: OffsetOption

  @Option(
    help: ArgumentHelp(
      """
      The device, where there are several: its id, its number among the VFIO devices, or the id or address of a \
      function that QEMU emulates.
      """,
      valueName: "device"))
  var device: DeviceSelector?

  @Option(
    help: ArgumentHelp("The destination's space.", valueName: "space"), completion: .deviceOrFile)
  var local: String

  @Option(
    help: ArgumentHelp("Only this device of a dump of several.", valueName: "slot"))
  var slot: String?

  @Flag(help: "Print JSON (schemas/pci-diff-qemu.schema.json).")
  var json = false

  @OptionGroup var load: LoadOptions
  @OptionGroup var trace: TraceOption

  func run() throws {
    // A function that QEMU emulates is read once more, when the description has told its place.
    let isReadTwice = device?.mayMeanEmulatedFunction ?? false
    let migration = try QEMUMigration(place.inputs(files, isReadTwice: isReadTwice))
    let content = try migration.content()
    let path = migration.main.name
    let source = try migration.space(of: device, in: content)
    let target = try SpaceInput.device(local, at: slot, in: trace.kernel())
    try load.requireBARs(
      of: target.space, in: local, source: try? ConfigSpace(source.bytes), in: path)
    var conditions = load.conditions(source.function, local: target)
    conditions.machine = conditions.machine ?? content.catalog.machineVersion
    let check = try FileContentError.naming(path) {
      try QEMULoadCheck(record: source.bytes, local: target.space, conditions: conditions)
    }
    try finish(with: check, check.failure)
  }
}
