public import PCIConfig
public import StreamIO

/// Why a file does not give what was asked of it.
public struct InputError: Error, Sendable, Hashable {
  /// The kind of problem.
  public enum Cause: Sendable, Hashable {
    /// The file cannot be read, or its content not understood.
    case file(StreamIOError)
    /// The file does not hold what was asked for.
    case absent(expected: String, found: String)
    /// The file's configuration spaces are refused.
    case space(PCIConfigError)
  }

  /// The file as the user named it.
  public let name: String
  /// The kind of problem.
  public let cause: Cause

  /// An error about the file that the user calls `name`.
  public init(_ name: String, _ cause: Cause) {
    self.name = name
    self.cause = cause
  }

  /// Runs `body`; an error of it is one of the file that the user calls `name`.
  static func reading<Result: ~Copyable>(
    _ name: String, _ body: () throws(StreamIOError) -> Result
  ) throws(InputError) -> Result {
    do throws(StreamIOError) {
      return try body()
    } catch {
      throw InputError(name, .file(error))
    }
  }
}

extension InputError: CustomStringConvertible {
  /// The file, what was expected and what was found.
  public var description: String {
    switch cause {
    case .file(let error): return "\(error)"
    case .absent(let expected, let found): return "\(name): expected \(expected), found \(found)"
    case .space(let error):
      let isLine = if case .text = error.place { true } else { false }
      return "\(name)\(isLine ? ":" : ": ")\(error)"
    }
  }
}
