import ArgumentParser
import Inputs
import Reports
import StreamIO

/// `ferry diff`: where two streams mean different things.
struct Diff: ReportingCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare what two streams mean.",
    discussion: """
      Compares identities, configuration spaces, interrupts, PASID bindings and domains, optional \
      records and state, device by device. How the streams are coded (compression, chunks, time, \
      UUID) does not count, nor how state was divided into rounds unless --phases says so. Exit \
      code 0 if they mean the same, 1 if not, 3 if one is damaged.

      Example: ferry diff before.dms after.dms
      """)

  @Argument(help: "A stream.", completion: .file())
  var left: String

  @Argument(help: "Another stream.", completion: .file())
  var right: String

  @Flag(help: "Compare how state was divided into pre-copy, its rounds and stop-copy, too.")
  var phases = false

  @OptionGroup var reading: ReadingOptions

  @Flag(help: "Print JSON (schemas/diff.schema.json).")
  var json = false

  func validate() throws {
    if left == "-" && right == "-" {
      throw ValidationError("Expected '-' (standard input) at most once.")
    }
  }

  func run() throws {
    let comparison = StreamComparison(
      try StreamArchive(try InputFile(left, for: .stream).seekable(), limits: reading.limits),
      try StreamArchive(try InputFile(right, for: .stream).seekable(), limits: reading.limits),
      threads: reading.threadCount)
    let progress = Progress("compared", total: nil)
    let differences = try comparison.differences(phases: phases) { progress.update($0) }
    try finish(
      with: DiffReport(differences),
      differences.isEmpty
        ? nil : .answer("different", "\(left), \(right): the streams mean different things"))
  }
}
