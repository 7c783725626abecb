import ArgumentParser
import ByteIO
import Inputs
import Reports
import StreamIO
import VFIO
import YAMLReader

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

  @Argument(help: ArgumentHelp("The trace, or -.", valueName: "file"))
  var file: String

  func run() throws {
    let input = try InputFile(file, for: .trace)
    var text = try TextOutput()
    var pending = ByteBuffer(capacity: 1 << 16)
    var number = 0
    while true {
      // Only a line that does not fit makes the buffer grow, up to what a line may have.
      if pending.count == pending.capacity {
        guard pending.count < TraceRecord.lineByteLimit else {
          throw failure(
            at: number + 1,
            "expected a line of at most \(TraceRecord.lineByteLimit) bytes, found more")
        }
        pending.reserve(2 * pending.capacity)
      }
      let got = try pending.fill { (span) throws(StreamIOError) in try input.read(into: &span) }
      var lines: [[UInt8]] = []
      var start = 0
      let bytes = [UInt8](pending.bytes)
      while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
        lines.append(Array(bytes[start..<end]))
        start = end + 1
      }
      if got == 0, start < bytes.count {
        lines.append(Array(bytes[start...]))
        start = bytes.count
      }
      pending.removeFirst(start)
      for line in lines {
        number += 1
        try text.print(TraceReport(try record(line, number)).text)
      }
      if got == 0 { break }
    }
    try text.finish()
  }

  private func record(_ line: [UInt8], _ number: Int) throws -> TraceRecord {
    do throws(YAMLError) {
      return try TraceRecord(parsing: line)
    } catch {
      throw failure(at: number, error.message)
    }
  }

  private func failure(at line: Int, _ message: String) -> FileContentError {
    var detail = ErrorDetail("content", file: file)
    detail.line = line
    return FileContentError(path: file, reason: ":\(line): \(message)", detail: detail)
  }
}
