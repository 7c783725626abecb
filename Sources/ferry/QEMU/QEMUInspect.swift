import ArgumentParser
import Inputs
import QEMUStream
import Reports
import StreamIO

/// `ferry qemu inspect`.
struct QEMUInspect: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what a QEMU migration stream holds.",
    discussion: """
      F is what QEMU wrote: the file of a migration to a file, or what came over its connection. Where \
      device state went over multifd channels, name the file of each channel as well, in any order. \
      Sections that are not VFIO's are passed over by the description at the end of the stream; a pipe \
      has it too late, and is read by the footers of its sections, which the description then confirms.

      Of a device that the VM had over vfio-user (vfio-user-pci) QEMU writes nothing: neither this \
      nor any reader of the stream can tell that there was one.

      Exits with 3 where the stream cannot be read to its end; what was found before is shown all the same.

      Example: ferry qemu inspect vm.qemu
      """)

  @Argument(
    help: ArgumentHelp("The stream, and its multifd channels.", valueName: "f"), completion: .file()
  )
  var files: [String]

  @OptionGroup var place: OffsetOption

  @Flag(help: "List every section and every VFIO record with its place.")
  var records = false

  @Flag(
    help: "Print JSON (schemas/qemu-inspect.schema.json; with --records, qemu-inspect-records).")
  var json = false

  func run() throws {
    let inputs = try place.inputs(files, isReadTwice: false)
    let migration = try QEMUMigration(inputs)
    try records ? list(migration) : show(migration, in: inputs)
  }

  private func list(_ migration: QEMUMigration<InputFile>) throws {
    var output = try ReportList(heading: QEMUEventReport.heading, asJSON: json)
    let content = try migration.content(observing: { (event) throws(StreamIOError) in
      if let report = QEMUEventReport(event) { try output.add(report) }
    })
    let failure = content.defect.map { CommandError($0.error, in: $0.path) }
    try output.finish(with: failure?.report)
    if let failure { throw failure.reported(json) }
  }

  private func show(_ migration: QEMUMigration<InputFile>, in inputs: [QEMUInput]) throws {
    let progress = Progress("read", total: migration.byteCount)
    let content = try migration.content(progress: { progress.update($0) })
    progress.clear()
    let main = inputs.first { $0.stream === migration.main }
    try finish(
      with: QEMUInspectReport(
        content, path: migration.main.name, image: main?.image, offset: main?.offset),
      content.defect.map { CommandError($0.error, in: $0.path) })
  }
}
