import ArgumentParser
import MigrationStream
import StreamIO

/// `ferry inspect`: what a stream holds.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a stream holds.",
    discussion: """
      Reads a file by its index, or scans it where that is missing, and a pipe from start to end; \
      state is not decoded (ferry verify does that). The exit code is 3 for a torn or damaged \
      stream; what was found before the damage is shown all the same.

      Example: ferry inspect mtty.dms --records
      """)

  @Argument(help: "The stream.")
  var file: String

  @Flag(help: "List every record with its place.")
  var records = false

  @Flag(help: "With each record its first bytes, in hexadecimal; implies --records.")
  var hex = false

  @Flag(help: "Print JSON (schemas/inspect.schema.json).")
  var json = false

  @Flag(help: "Search a damaged stream for what is intact, and say what is missing.")
  var salvage = false

  @OptionGroup var reading: ReadingOptions

  func validate() throws {
    if json && (records || hex) {
      throw ValidationError("Expected --json or --records, not both.")
    }
    if salvage && (records || hex) {
      throw ValidationError("Expected --salvage or --records, not both.")
    }
  }

  func run() throws {
    let input = try InputFile(path: file)
    if salvage {
      try runSalvage(try input.seekable())
    } else if records || hex {
      try listRecords(try StreamArchive(try input.seekable(), limits: reading.limits))
    } else if input.byteCount == nil {
      try show(try Self.sequentialCatalog(of: input, path: file, reading.limits))
    } else {
      let archive = try StreamArchive(input, limits: reading.limits)
      try show(try archive.catalog(), indexDefect: archive.indexDefect)
    }
  }

  private func show(
    _ catalog: StreamCatalog, indexDefect: StreamError? = nil, report: SalvageReport? = nil
  ) throws {
    var output = try TextOutput()
    if json {
      try output.print(try JSONText.of(InspectReport(catalog, losses: report?.losses)))
    } else {
      let text = InspectText(
        path: file, catalog: catalog, report: report, indexDefect: indexDefect)
      for line in text.lines { try output.print(line) }
    }
    try output.finish()
    if let defect = catalog.defect { throw StreamIOError(file, .stream(defect)) }
  }

  private static func sequentialCatalog(
    of input: consuming InputFile, path: String, _ limits: DecodingLimits
  ) throws -> StreamCatalog {
    var reader = StreamReader(input, limits: limits)
    var catalog: StreamCatalog?
    do throws(StreamIOError) {
      while let record = try reader.next() {
        guard let header = reader.recordHeader, let streamHeader = reader.header else { continue }
        catalog = catalog ?? StreamCatalog(header: streamHeader, origin: .sequence)
        catalog?.note(record, header, at: reader.recordOffset)
      }
    } catch {
      guard case .stream(let defect) = error.cause, let header = reader.header else { throw error }
      catalog = catalog ?? StreamCatalog(header: header, origin: .sequence)
      catalog?.defect = defect
    }
    guard let catalog else {
      throw CommandError.damaged("\(path): expected a stream, found none")
    }
    return catalog
  }

  private func runSalvage(_ input: consuming InputFile) throws {
    var stream = try StreamSalvage(input)
    while try stream.next() != nil {}
    try show(stream.report.catalog, report: stream.report)
    if !stream.report.isWhole { throw CommandError.damaged() }
  }

  private func listRecords(_ archive: borrowing StreamArchive) throws {
    var output = try TextOutput()
    var cursor = RecordCursor()
    try output.print(RecordListing.heading)
    var failure: StreamIOError?
    do throws(StreamIOError) {
      while let record = try cursor.next(in: archive) {
        do {
          try output.print(RecordListing.line(record))
          if hex { try output.print(RecordListing.bytes(of: record, in: archive), terminator: "") }
        } catch {
          throw error as? StreamIOError ?? StreamIOError(file, .content("\(error)"))
        }
      }
    } catch {
      failure = error
    }
    try output.finish()
    if let failure { throw failure }
  }
}
