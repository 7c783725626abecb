public import MigrationStream
public import SystemPackage

/// Why a file could not be read, written or understood, with its name.
public struct StreamIOError: Error, Sendable, Hashable {
  /// What went wrong with the file.
  public enum Cause: Sendable, Hashable {
    /// Its content is not the stream that it should be.
    case stream(StreamError)
    /// A system call failed while attempting something.
    case system(Errno, attempting: String)
    /// Its content is not what was expected of it; the text says what was expected and found, and
    /// where.
    case content(String)
  }

  /// The file as the user named it; `-` is standard input or output.
  public let path: String
  /// The failure.
  public let cause: Cause

  /// An error about the file `path`.
  public init(_ path: String, _ cause: Cause) {
    self.path = path
    self.cause = cause
  }
}

extension StreamIOError: CustomStringConvertible {
  public var description: String {
    let name = path == "-" ? "standard input or output" : path
    switch cause {
    case .stream(let error): return "\(name): \(error)"
    case .system(let errno, let attempt): return "\(name): cannot \(attempt): \(errno)"
    case .content(let text): return "\(name): \(text)"
    }
  }
}
