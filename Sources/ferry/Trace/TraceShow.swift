import ArgumentParser
import Inputs
import Reports
import StreamIO
import VFIO

/// `ferry trace show`.
struct TraceShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print a trace as strace prints system calls.",
    discussion: """
      A trace is what --trace of a device command writes: a line of JSON for each system call \
      (schemas/trace.schema.json). Each is printed with its time, its decoded arguments, its result, \
      what the kernel changed of the arguments, and how long it took.

      Example: ferry trace show capture.trace
      """)

  @Argument(help: ArgumentHelp("The trace, or -.", valueName: "file"), completion: .file())
  var file: String

  func run() throws {
    var trace = TraceReader(try InputFile(file, for: .trace))
    var text = try TextOutput()
    do {
      while let record = try trace.next() { try text.print(TraceReport(record).text) }
    } catch let error as TraceReadError<StreamIOError> {
      switch error {
      case .source(let cause): throw cause
      case .malformed(let line, let message): throw failure(at: line, message)
      }
    }
    try text.finish()
  }

  private func failure(at line: Int, _ message: String) -> FileContentError {
    var detail = ErrorDetail("content", file: file)
    detail.line = line
    return FileContentError(path: file, reason: ":\(line): \(message)", detail: detail)
  }
}
