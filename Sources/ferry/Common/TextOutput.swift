import ByteIO
import Glibc
import Reports
import StreamIO
import SystemPackage

/// Text for standard output, written in large pieces; a failed write is an error, not lost text.
struct TextOutput: ~Copyable {
  private var file: OutputFile
  private var pending: [UInt8] = []

  init() throws(StreamIOError) {
    file = try OutputFile(path: "-")
  }

  mutating func print(_ text: String, terminator: String = "\n") throws(StreamIOError) {
    pending += Array(text.utf8)
    pending += Array(terminator.utf8)
    if pending.count >= 1 << 16 { try flush() }
  }

  /// Prints a report in the form that was asked for; a text without lines is nothing.
  mutating func print(_ report: some Report, asJSON: Bool) throws(StreamIOError) {
    let text = asJSON ? report.json.text : TerminalText.lines(report.text)
    if !text.isEmpty { try print(text) }
  }

  mutating func flush() throws(StreamIOError) {
    try file.write(pending.span.raw)
    pending.removeAll(keepingCapacity: true)
  }

  consuming func finish() throws(StreamIOError) {
    try flush()
    try file.finish()
  }

  /// Prints a line, and nothing else.
  static func show(_ line: String) throws(StreamIOError) {
    var output = try TextOutput()
    try output.print(TerminalText.text(line))
    try output.finish()
  }

  /// Prints a report, and nothing else.
  static func show(_ report: some Report, asJSON: Bool) throws(StreamIOError) {
    var output = try TextOutput()
    try output.print(report, asJSON: asJSON)
    try output.finish()
  }
}

/// Many reports of one kind on standard output, each printed as it comes: a table, or an array.
struct ReportList: ~Copyable {
  private var output: TextOutput
  // Nil for a table.
  private var writer: JSONWriter?

  init(heading: String, asJSON: Bool) throws(StreamIOError) {
    var output = try TextOutput()
    var writer: JSONWriter?
    if asJSON {
      writer = JSONWriter()
      writer?.beginArray()
    } else {
      writer = nil
      try output.print(heading)
    }
    self.output = output
    self.writer = writer
  }

  mutating func add(_ report: some Report) throws(StreamIOError) {
    writer?.write(report.json)
    try output.print(
      writer?.take() ?? TerminalText.lines(report.text), terminator: writer == nil ? "\n" : "")
  }

  /// Ends the list; the last item of an array is the failure that ended it early, if one did.
  consuming func finish(with failure: FailureReport? = nil) throws(StreamIOError) {
    if let failure, var writer {
      writer.write(failure.json)
      try output.print(writer.take(), terminator: "")
      self.writer = writer
    }
    writer?.endArray()
    if let end = writer?.take() { try output.print(end) }
    try output.finish()
  }
}

/// Standard error: messages and progress. What cannot be written there cannot be reported either.
enum StandardError {
  /// Prints lines in which nothing moves a terminal.
  static func print(_ text: String) { write(TerminalText.lines(text) + "\n") }

  /// Writes text as it is.
  static func write(_ text: String) {
    _ = try? FileDescriptor.standardError.writeAll(text.utf8)
  }

  /// Prints a report; it is an error if that cannot be done.
  static func show(_ report: some Report, asJSON: Bool) throws(StreamIOError) {
    let text = asJSON ? report.json.text : TerminalText.lines(report.text)
    do {
      try FileDescriptor.standardError.writeAll((text + "\n").utf8)
    } catch {
      throw StreamIOError(
        "standard error", .system(error as? Errno ?? .ioError, attempting: "write"))
    }
  }

  /// Whether a person may be looking.
  static let isTerminal = isatty(STDERR_FILENO) == 1
}
