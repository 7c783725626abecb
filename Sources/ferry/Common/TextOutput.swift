import ByteIO
import StreamIO

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

  mutating func flush() throws(StreamIOError) {
    try file.write(pending.span.raw)
    pending.removeAll(keepingCapacity: true)
  }

  consuming func finish() throws(StreamIOError) {
    try flush()
    try file.finish()
  }
}
