import ArgumentParser
import Inputs
import MigrationStream
import QEMUStream
import Reports
import StreamIO

/// `ferry qemu extract`.
struct QEMUExtract: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extract",
    abstract: "Take VFIO devices out of a QEMU stream into a .dms stream.",
    discussion: """
      The stream gets everything that QEMU knew of a device: its state with the phases, the configuration space that \
      its guest was shown, its interrupts, and how the state was divided, so that 'ferry qemu replace' can put it back \
      as it was. Where state went over multifd channels, name their files as well, in any order.

      Example: ferry qemu extract vm.qemu --device 0000:00:01.0/vfio -o mtty.dms
      """)

  @Argument(
    help: ArgumentHelp("The stream, and its multifd channels.", valueName: "f"), completion: .file()
  )
  var files: [String]

  @OptionGroup var place: OffsetOption

  @Option(
    help: ArgumentHelp(
      "Only this device: its id, or its number among the VFIO devices.", valueName: "device"))
  var device: DeviceSelector?

  @OptionGroup var coding: CodingOptions

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The stream.", valueName: "out"), completion: .file())
  var output: String

  func run() throws {
    let migration = try QEMUMigration(place.inputs(files, isReadTwice: true))
    let content = try migration.content()
    let numbers = try content.numbers(of: device, in: migration.main.name)
    if let defect = content.defect {
      // What does not belong together leaves open which of the files is meant.
      guard defect.error.code != .differentMigration, numbers.allSatisfy(content.isWhole) else {
        throw CommandError(defect.error, in: defect.path)
      }
      StandardError.print(
        "ferry: \(defect.path): \(TerminalText.text("\(defect.error)")); the devices are whole")
    }
    if content.catalog.hasTrailingData {
      StandardError.print(
        "ferry: \(migration.main.name): more bytes follow the stream, from "
          + "\(content.catalog.byteCount) on; nothing of them is extracted")
    }
    for number in numbers where content.catalog.vfioDevices[number].expectsPackets {
      let device = content.catalog.vfioDevices[number]
      throw CommandError.no(
        "\(migration.main.name): \(TerminalText.text(device.id)): \(device.findings[0])")
    }
    var writer = try coding.writer(to: OutputFile(path: output))
    var source = migration.records(
      of: numbers, in: content, information: try .current(), limits: writer.limits)
    let progress = Progress(
      "extracted",
      total: numbers.reduce(0) { $0 &+ content.catalog.vfioDevices[$1].stateByteCount })
    do throws(CopyError<QEMUReadError<StreamIOError>, StreamIOError>) {
      try source.copy(into: &writer) { progress.update($0.stateByteCount) }
    } catch {
      switch error {
      case .source(let cause): throw CommandError.cause(of: cause, in: migration.main.name)
      case .sink(let cause): throw cause
      }
    }
    try writer.finish()
  }
}
