import Glibc

/// Ends the process with a message, which `precondition` keeps to itself in a release build, unless
/// `condition` holds.
public func require(_ condition: Bool, _ message: @autoclosure () -> String) {
  guard !condition else { return }
  let text = [UInt8]("does not hold: \(message())\n".utf8)
  _ = write(STDERR_FILENO, text, text.count)
  abort()
}
