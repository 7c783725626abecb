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

      Example: ferry qemu check vm.qemu --local /sys/bus/pci/devices/0000:3b:00.1/config
      """)

  @Argument(help: ArgumentHelp("The stream, and its multifd channels.", valueName: "f"))
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

  @Option(help: ArgumentHelp("The destination's space.", valueName: "space"))
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
    let mayBeEmulated = device.map { $0.text.contains(":") && !$0.text.hasSuffix("/vfio") } ?? false
    let migration = try QEMUMigration(place.inputs(files, isReadTwice: mayBeEmulated))
    let content = try migration.content()
    let path = migration.main.name
    let (record, function) = try self.record(of: content, in: migration)
    let target = try SpaceInput.device(local, at: slot, in: trace.kernel())
    try load.requireBARs(
      of: target.space, in: local, source: try? ConfigSpace(record), in: path)
    var conditions = load.conditions(function, local: target)
    conditions.machine = conditions.machine ?? content.catalog.machineVersion
    let check = try FileContentError.naming(path) {
      try QEMULoadCheck(record: record, local: target.space, conditions: conditions)
    }
    try finish(with: check, check.failure)
  }

  /// The space of the device that is meant, and how the device comes into the machine.
  private func record(
    of content: QEMUMigrationContent, in migration: QEMUMigration<InputFile>
  ) throws -> (space: [UInt8], function: QEMUFunction) {
    let path = migration.main.name
    let devices = content.catalog.vfioDevices
    if let device, !devices.contains(where: { $0.id == device.text }),
      let function = try Self.function(device, of: content, in: path)
    {
      do throws(QEMUReadError<StreamIOError>) {
        return (try migration.space(of: function), .emulated)
      } catch {
        throw CommandError.cause(of: error, in: path)
      }
    }
    if device == nil, devices.isEmpty, content.defect == nil {
      throw CommandError.no(
        "\(path): expected a VFIO device, found none: choose "
          + "\(Self.list(content.emulatedFunctions)) with --device")
    }
    let numbers = try content.numbers(of: device, in: path)
    guard numbers.count == 1 else {
      throw CommandError.no(
        "\(path): expected one VFIO device, found \(numbers.count): choose one with --device")
    }
    guard let record = devices[numbers[0]].configuration else {
      if let defect = content.defect { throw CommandError(defect.error, in: defect.path) }
      throw CommandError.no(
        "\(path): expected a configuration record of "
          + "\(TerminalText.text(devices[numbers[0]].id)), found none")
    }
    return (record.space, .assigned)
  }

  /// The function that QEMU emulates and `selector` means, by its id or its address; nil if none
  /// may be meant.
  private static func function(
    _ selector: DeviceSelector, of content: QEMUMigrationContent, in path: String
  ) throws -> EmulatedFunction? {
    let named = content.emulatedFunctions(named: selector.text)
    if named.count == 1 { return named[0] }
    guard named.isEmpty, Int(selector.text) == nil else { return nil }
    if let defect = content.defect { throw CommandError(defect.error, in: defect.path) }
    throw CommandError.no(
      TerminalText.text(
        "\(path): expected a VFIO device or \(list(content.emulatedFunctions)), found no '\(selector.text)'"
      ))
  }

  /// The functions, as many as an error can name and still be read.
  private static func list(_ functions: [EmulatedFunction]) -> String {
    guard !functions.isEmpty else {
      return "a function that QEMU emulates, of which there is none,"
    }
    let names = functions.prefix(16).map { TerminalText.text($0.name) }.joined(separator: ", ")
    return "one of the functions that QEMU emulates (\(names)"
      + (functions.count > 16 ? " … \(functions.count) in all)" : ")")
  }
}
