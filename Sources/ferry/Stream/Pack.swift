import ArgumentParser
import Inputs
import MigrationStream
import Reports
import StreamIO

/// `ferry pack`: raw parts into a stream.
struct Pack: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Put device state and what belongs to it into a stream.",
    discussion: """
      Each --part is a device, as comma-separated values (a backslash makes a comma part of one):

        state=F     its state, as the kernel handed it out (required)
        config=F    its configuration space: raw bytes, or the text of lspci -xxxx
        pasid=F     its PASID bindings (YAML or JSON, schemas/pasid-table.schema.json)
        driver=NAME name=NAME ids=VVVV:DDDD
        precopy=N   the first N bytes of the state were read while the device ran

      State may be any bytes; streams, images, configuration spaces, text, archives and empty files (but \
      for /dev/null, which is no state) are refused unless --any-state says so. Bytes that no function has as its configuration space are refused unless \
      --any-config does.

      --scrub clears what a driver hands out with a state and nobody reads, as QAT's does of Linux 7.2: \
      bytes that were in the kernel's memory before. Equal states are equal then.

      With --uuid and SOURCE_DATE_EPOCH set, the same parts give the same bytes, whatever --threads.

      Example: ferry pack --part state=mtty.state,config=mtty.config,driver=mtty -o mtty.dms
      """)

  @Option(
    name: .customLong("part"), parsing: .singleValue,
    help: ArgumentHelp("A device: state=F[,config=F][,…]", valueName: "state=F,…"),
    completion: .part)
  var parts: [PartDescription]

  @OptionGroup var coding: CodingOptions

  @Option(
    help: ArgumentHelp(
      "Write as slowly as a link of so many bytes a second takes them, to try codings out.",
      valueName: "size"))
  var bandwidth: ByteSize?

  @Flag(help: "Take files of state whatever their content looks like.")
  var anyState = false

  @Flag(help: "Take configuration spaces whatever their header says.")
  var anyConfig = false

  @Flag(help: "Make zeros of bytes of the state that mean nothing by its layout.")
  var scrub = false

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The stream.", valueName: "out"), completion: .file())
  var output: String

  func validate() throws {
    guard !parts.isEmpty else { throw ValidationError("Expected at least one --part.") }
    guard bandwidth?.byteCount != 0 else {
      throw ValidationError("Expected a --bandwidth above 0.")
    }
    guard parts.reduce(0, { $0 + $1.standardInputCount }) <= 1 else {
      throw ValidationError("Expected '-' (standard input) at most once.")
    }
  }

  func run() throws {
    let devices = try zip(parts, (0 as UInt16)...).map {
      try $0.part(
        number: $1, pasids: $0.pasidPath.map(PASIDTable.init(file:)),
        hasAnyConfiguration: anyConfig)
    }
    let file = try OutputFile(path: output)
    var writer =
      if let bandwidth {
        try coding.writer(to: SimulatedLink(to: file, bytesPerSecond: bandwidth.byteCount))
      } else {
        try coding.writer(to: file)
      }
    var source = PartsSource(
      devices, information: try .current(), limits: writer.limits,
      open: { [anyState, scrub] path throws(StreamIOError) in
        let file = try anyState ? InputFile(path: path) : Self.state(path)
        return scrub ? try Self.scrubbed(file) : file
      })
    let progress = Progress("packed", total: nil)
    try source.copy(into: &writer) { progress.update($0.stateByteCount) }
    try writer.finish()
  }

  private static func scrubbed(_ file: consuming InputFile) throws(StreamIOError) -> InputFile {
    var file = try file.seekable()
    if try file.scrub() == nil {
      StandardError.print(
        "ferry: \(TerminalText.text(file.name)): nothing is cleared, for the content does not tell what state "
          + "it is")
    }
    return file
  }

  /// The file of a device that has no state.
  private static let noState = "/dev/null"

  /// Opens a file of state, unless its first bytes say that it is something else.
  private static func state(_ path: String) throws(StreamIOError) -> InputFile {
    do throws(InputError) {
      let file = try RecognizedFile(path)
      guard file.kind != .empty || path == noState else { throw file.error(for: .state) }
      return try file.file(for: .state)
    } catch {
      if case .file(let cause) = error.cause { throw cause }
      throw StreamIOError(path, .content("\(error.reason); --any-state takes it all the same"))
    }
  }
}
