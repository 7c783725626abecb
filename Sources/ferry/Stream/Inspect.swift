import ArgumentParser
import ByteIO
import Inputs
import MigrationStream
import Reports
import StateLayout
import StreamIO

/// `ferry inspect`: what a stream holds.
struct Inspect: ReportingCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a stream holds.",
    discussion: """
      Reads a file by its index, or scans it where that is missing, and a pipe from start to end; \
      of the state no more is decoded than tells what it is (ferry verify checks all of it, ferry \
      dissect takes it apart). The exit code is 3 for a torn or damaged stream; what was found \
      before the damage is shown all the same.

      FILE may also be a Cloud Hypervisor snapshot, its state.json or its folder: its VFIO devices \
      are shown, as far as a snapshot knows them.

      Example: ferry inspect mtty.dms --records
      """)

  @Argument(help: "The stream, or a snapshot.", completion: .file())
  var file: String

  @Flag(help: "List every record with its place.")
  var records = false

  @Flag(help: "With each record its first bytes, in hexadecimal; implies --records.")
  var hex = false

  @Flag(
    help:
      "Print JSON (schemas/inspect.schema.json; with --records, inspect-records; of a snapshot, inspect-snapshot)."
  )
  var json = false

  @Flag(help: "Search a damaged stream for what is intact, and say what is missing.")
  var salvage = false

  @OptionGroup var reading: ReadingOptions

  func validate() throws {
    if salvage && (records || hex) {
      throw ValidationError("Expected --salvage or --records, not both.")
    }
  }

  func run() throws {
    if CloudHypervisorSnapshot.isFolder(file) { return try show(CloudHypervisorSnapshot(file)) }
    let recognized = try RecognizedFile(file)
    if recognized.kind == .cloudHypervisorState {
      return try show(CloudHypervisorSnapshot(recognized))
    }
    // What is left of a stream may have lost its front.
    let input = try salvage ? recognized.file() : recognized.file(for: .stream)
    if salvage {
      try runSalvage(try input.seekable())
    } else if records || hex {
      try listRecords(try StreamArchive(try input.seekable(), limits: reading.channelLimits))
    } else if input.byteCount == nil {
      let read = try SequentialCatalog(of: input, limits: reading.limits)
      try show(
        InspectReport(
          read.catalog, path: file, previews: read.previews,
          unshownLayouts: read.unshownLayouts, isVerified: read.isVerified))
    } else {
      let archive = try StreamArchive(input, limits: reading.channelLimits)
      // One channel's part of a state does not tell what that is.
      if archive.header.channelCount > 1 {
        return try show(
          InspectReport(try archive.catalog(), path: file, indexDefect: archive.indexDefect))
      }
      let state = try ArchivedState(archive)
      let catalog = state.catalog
      let previews = state.previews()
      try show(
        InspectReport(
          catalog, path: file, previews: previews, unshownLayouts: state.unshownLayouts(),
          stateDefects: state.defects,
          indexDefect: state.archive.indexDefect))
    }
  }

  private func show(_ report: InspectReport) throws {
    try finish(
      with: report,
      report.defect.map { CommandError(StreamIOError(file, .stream($0))) }
        ?? (report.catalog.header.channelCount == 1
          ? nil : .answer("one-channel", "\(file): one of several channels")))
  }

  private func show(_ snapshot: CloudHypervisorSnapshot) throws {
    guard !salvage, !records, !hex else {
      throw CommandError.usage(
        "\(file): expected a .dms stream with --salvage, --records and --hex, found a Cloud "
          + "Hypervisor snapshot")
    }
    try TextOutput.show(try SnapshotReport(snapshot), asJSON: json)
  }

  private func runSalvage(_ input: consuming InputFile) throws {
    let salvage = try StreamSalvage(input).finish()
    let report = InspectReport(salvage.catalog, path: file, salvage: salvage)
    if report.defect != nil { return try show(report) }
    var failure: CommandError?
    if let loss = report.lossDetail {
      failure = .damaged("\(file): \(loss.code); what is missing is listed").about(loss)
      failure?.isTold = true
    }
    try finish(with: report, failure)
  }

  private func listRecords(_ archive: borrowing StreamArchive) throws {
    var output = try ReportList(heading: RecordReport.heading, asJSON: json)
    var cursor = RecordCursor(in: archive)
    var failure: StreamIOError?
    do throws(StreamIOError) {
      while let record = try cursor.next(in: archive) {
        try output.add(RecordReport(record, in: archive, hasBytes: hex))
      }
    } catch {
      failure = error
    }
    let error = failure.map { CommandError($0) }
    try output.finish(with: error?.report)
    if let error { throw error.reported(json) }
  }
}
