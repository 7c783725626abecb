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
      totals, index and footer. Exit code 0 if all is good, else 3 with the first bad record.

      Whether the state in it is whole and sound is another question: ferry inspect answers it for \
      every device, and ferry dissect for one, with every reason.

      Examples:
        ferry verify mtty.dms
        ferry verify mtty.dms && ferry dissect mtty.dms#0
      """)

  @Argument(help: "The stream.")
  var file: String

  @OptionGroup var reading: ReadingOptions

  @Flag(help: "Print JSON (schemas/verify.schema.json).")
  var json = false

  func run() throws {
    var reader = StreamReader(
      try InputFile(file, for: .stream), limits: reading.limits, threads: reading.threadCount)
    let progress = Progress("verified", total: reader.inputByteCount)
    var report = VerifyReport(path: file)
    var failure: StreamIOError?
    do throws(StreamIOError) {
      try reader.copy(into: &report) { progress.update($0.offset) }
      report.isWhole = true
    } catch {
      guard case .stream(let cause) = error.cause else { throw error }
      report.defect = cause
      failure = error
    }
    for device in report.devices.indices where !reader.isVerified(device: UInt16(device)) {
      report.devices[device].isVerified = false
    }
    report.isComplete = reader.isContentComplete || failure != nil && hasEnd
    report.header = reader.header
    guard let failure else { return try finish(with: report) }
    var error = CommandError(failure)
    error.partial = report.json
    throw error
  }

  /// Whether the end record of a damaged file is there, of which no more was read than its defect.
  private var hasEnd: Bool {
    guard file != "-", let input = try? InputFile(path: file), input.byteCount != nil,
      let archive = try? StreamArchive(input, limits: reading.limits)
    else { return false }
    return (try? archive.catalog().isComplete) ?? false
  }
}
