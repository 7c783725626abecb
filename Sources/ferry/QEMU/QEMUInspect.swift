import ArgumentParser
import QEMUStream
import StreamIO

/// `ferry qemu inspect`.
struct QEMUInspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what a QEMU migration stream holds.",
    discussion: """
      F is what QEMU wrote: the file of a migration to a file, or what came over its connection. Where \
      device state went over multifd channels, name the file of each channel as well, in any order. \
      Sections that are not VFIO's are passed over by the description at the end of the stream; a pipe \
      has it too late, and is read by the footers of its sections, which the description then confirms.

      Exits with 3 where the stream cannot be read to its end; what was found before is shown all the same.

      Example: ferry qemu inspect vm.qemu
      """)

  @Argument(help: ArgumentHelp("The stream, and its multifd channels.", valueName: "f"))
  var files: [String]

  @Flag(help: "List every section and every VFIO record with its place.")
  var records = false

  @Flag(help: "Print JSON (schemas/qemu-inspect.schema.json).")
  var json = false

  func validate() throws {
    if json && records { throw ValidationError("Expected --json or --records, not both.") }
  }

  func run() throws {
    let migration = try QEMUMigration(files, isReadTwice: false)
    var output = try TextOutput()
    var failure: CommandError?
    if records {
      try output.print(QEMURecordListing.heading)
      let content = try migration.content(observing: { (event) throws(StreamIOError) in
        if let line = QEMURecordListing.line(event) { try output.print(line) }
      })
      failure = Self.failure(of: content)
    } else {
      let progress = Progress("read", total: migration.byteCount)
      let content = try migration.content(progress: { progress.update($0) })
      progress.clear()
      if json {
        try output.print(try JSONText.of(QEMUInspectReport(content)))
      } else {
        let text = QEMUInspectText(path: migration.main.name, content: content)
        for line in text.lines { try output.print(line) }
      }
      failure = Self.failure(of: content)
    }
    try output.finish()
    if let failure { throw failure }
  }

  private static func failure(of content: QEMUMigrationContent) -> CommandError? {
    content.defect.map { CommandError($0.error, in: $0.path) }
  }
}
