import ArgumentParser
import Inputs
import MigrationStream
import Reports
import StreamIO

/// `ferry verify`: every byte of a stream.
struct Verify: ReportingCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check every byte of a stream.",
    discussion: """
      Reads the whole stream: checksums, order, limits, every chunk decoded, every device's digest, \
      totals, index and footer. Exit code 0 if all is good, else 3 with the first bad record; 1 for one \
      of several channels that is good, since the others have the rest ('ferry merge' takes all).

      Whether the state in it is whole and sound is another question: ferry inspect answers it for \
      every device, and ferry dissect for one, with every reason.

      Examples:
        ferry verify mtty.dms
        ferry verify mtty.dms && ferry dissect mtty.dms#0
      """)

  @Argument(help: "The stream.", completion: .file())
  var file: String

  @OptionGroup var reading: ReadingOptions

  @Flag(help: "Print JSON (schemas/verify.schema.json).")
  var json = false

  func run() throws {
    var reader = StreamReader(
      try InputFile(file, for: .stream), limits: reading.channelLimits,
      threads: reading.threadCount)
    let progress = Progress("verified", total: reader.inputByteCount)
    let report = try VerifyReport(of: &reader, path: file, limits: reading.channelLimits) {
      progress.update($0)
    }
    guard let defect = report.defect else {
      return try finish(
        with: report,
        report.channel == nil ? nil : .answer("one-channel", "\(file): one of several channels"))
    }
    var error = CommandError(StreamIOError(file, .stream(defect)))
    error.partial = report.json
    throw error
  }
}
