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

  @Argument(help: "The stream, or a snapshot.")
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
      try listRecords(try StreamArchive(try input.seekable(), limits: reading.limits))
    } else if input.byteCount == nil {
      var contents = SequentialContents()
      let catalog = try Self.sequentialCatalog(of: input, path: file, reading.limits, &contents)
      try show(
        InspectReport(
          catalog, path: file, previews: contents.previews(of: catalog),
          isVerified: contents.isVerified))
    } else {
      let state = try ArchivedState(StreamArchive(input, limits: reading.limits))
      let catalog = state.catalog
      let previews = state.previews()
      try show(
        InspectReport(
          catalog, path: file, previews: previews, stateDefects: state.defects,
          indexDefect: state.archive.indexDefect))
    }
  }

  private func show(_ report: InspectReport) throws {
    try TextOutput.show(report, asJSON: json)
    if let defect = report.defect {
      throw CommandError(StreamIOError(file, .stream(defect))).reported(json)
    }
  }

  private func show(_ snapshot: CloudHypervisorSnapshot) throws {
    guard !salvage, !records, !hex else {
      throw CommandError.usage(
        "\(file): expected a .dms stream with --salvage, --records and --hex, found a Cloud "
          + "Hypervisor snapshot")
    }
    try TextOutput.show(try SnapshotReport(snapshot), asJSON: json)
  }

  private static func sequentialCatalog(
    of input: consuming InputFile, path: String, _ limits: DecodingLimits,
    _ contents: inout SequentialContents
  ) throws -> StreamCatalog {
    var reader = StreamReader(input, limits: limits)
    var catalog: StreamCatalog?
    do throws(StreamIOError) {
      while let record = try reader.next() {
        guard let header = reader.recordHeader, let streamHeader = reader.header else { continue }
        catalog = catalog ?? StreamCatalog(header: streamHeader, origin: .sequence)
        catalog?.note(record, header, at: reader.recordOffset)
        if case .chunk(let chunk) = record { contents.note(chunk, of: &reader) }
      }
    } catch {
      guard case .stream(let defect) = error.cause, let header = reader.header else { throw error }
      catalog = catalog ?? StreamCatalog(header: header, origin: .sequence)
      catalog?.defect = defect
    }
    guard let catalog else {
      throw CommandError.damaged("\(path): expected a stream, found none")
    }
    contents.isVerified =
      reader.isContentComplete
      && catalog.devices.indices.allSatisfy { reader.isVerified(device: UInt16($0)) }
    return catalog
  }

  private func runSalvage(_ input: consuming InputFile) throws {
    var stream = try StreamSalvage(input)
    while try stream.next() != nil {}
    try show(InspectReport(stream.report.catalog, path: file, salvage: stream.report))
    if !stream.report.isWhole { throw CommandError.damaged() }
  }

  private func listRecords(_ archive: borrowing StreamArchive) throws {
    var output = try ReportList(heading: RecordReport.heading, asJSON: json)
    var cursor = RecordCursor(in: archive)
    var failure: StreamIOError?
    do throws(StreamIOError) {
      while let record = try cursor.next(in: archive) {
        try output.add(RecordReport(record, bytes: hex ? bytes(of: record, in: archive) : nil))
      }
    } catch {
      failure = error
    }
    let error = failure.map { CommandError($0) }
    try output.finish(with: error?.report)
    if let error { throw error.reported(json) }
  }

  /// The record's header and the first bytes of its payload.
  private func bytes(
    of record: ScannedRecord, in archive: borrowing StreamArchive
  ) throws(StreamIOError) -> [UInt8] {
    let payload = min(Int(record.header.storedByteCount), RecordReport.shownPayloadByteCount)
    return try archive.bytes(at: record.offset, count: RecordHeader.byteCount + payload)
  }
}

/// The state of the devices of a pipe as far as it is kept: all of a small one, the first bytes of
/// a large one.
private struct SequentialContents {
  // A state of which no more is read than this is looked at whole.
  private static let wholeByteCount = 1 << 16
  // More than the first record of every shipped layout has.
  private static let prefixByteCount = 1024
  // Of many devices, only the first are looked at whole.
  private static let totalByteCount = 4 << 20

  /// Whether every digest was held against its state.
  var isVerified = false
  private var bytes: [UInt16: [UInt8]] = [:]
  private var isCut: Set<UInt16> = []
  private var keptByteCount = 0

  /// Keeps what is wanted of a chunk that the reader has just given.
  mutating func note(_ chunk: StateChunk, of reader: inout StreamReader) {
    guard !isCut.contains(chunk.device) else { return }
    let known = bytes[chunk.device, default: []]
    guard known.count + Int(chunk.byteCount) <= Self.wholeByteCount,
      keptByteCount + Int(chunk.byteCount) <= Self.totalByteCount,
      let state = try? [UInt8](reader.chunkBytes())
    else {
      isCut.insert(chunk.device)
      if known.isEmpty, let state = try? reader.chunkBytes() {
        let count = min(state.byteCount, Self.prefixByteCount)
        bytes[chunk.device] = [UInt8](state.extracting(first: count))
      }
      return
    }
    bytes[chunk.device] = known + state
    keptByteCount += state.count
  }

  func previews(of catalog: StreamCatalog) -> [StatePreview?] {
    catalog.devices.enumerated().map { number, device in
      StatePreview(
        prefix: bytes[UInt16(number)] ?? [], byteCount: device.state.byteCount,
        driver: device.identity.driver)
    }
  }
}
