private import Glibc
import Reports
import Synchronization

/// Standard error as the log of a server, whose devices wait for nobody who reads it: a line for
/// which there is no room is lost, and the next that is written says how many were.
enum ServerLog {
  private static let lostCount = Mutex(0)
  // What a pipe that can be written to takes at once (PIPE_BUF, pipe(7)).
  private static let lineByteLimit = 4096

  static func print(_ text: String) {
    lostCount.withLock { lost in
      if lost > 0, write("ferry: \(lost) lines of this log were lost, for nobody read it") {
        lost = 0
      }
      if lost > 0 || !write(text) { lost += 1 }
    }
  }

  /// Writes a line if that does not wait.
  private static func write(_ text: String) -> Bool {
    var request = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    guard unsafe poll(&request, 1, 0) > 0 else { return false }
    let line = TerminalText.lines(text)
    StandardError.write(
      line.utf8.count < lineByteLimit
        ? line + "\n"
        : String(decoding: line.utf8.prefix(lineByteLimit - 1), as: UTF8.self) + "\n")
    return true
  }
}
