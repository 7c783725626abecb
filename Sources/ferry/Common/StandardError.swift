import Glibc
import SystemPackage

/// Standard error: messages and progress. What cannot be written there cannot be reported either.
enum StandardError {
  static func print(_ text: String, terminator: String = "\n") {
    _ = try? FileDescriptor.standardError.writeAll((text + terminator).utf8)
  }

  /// Whether a person may be looking.
  static let isTerminal = isatty(STDERR_FILENO) == 1
}
