/// Why a YAML text could not be read, or does not say what was expected, and where.
public struct YAMLError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of problem.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Value: String {
      case syntax, limit, type, missing, unknown, value
    }
    private let value: Value

    /// The code in one word, as reports have it.
    public var description: String { value.rawValue }

    /// The text is not YAML, or uses a part of YAML that is refused (aliases, tags, several
    /// documents).
    public static var syntax: Self { Self(value: .syntax) }
    /// The text exceeds a limit on size, depth or number of nodes.
    public static var limit: Self { Self(value: .limit) }
    /// A node is of another kind than expected.
    public static var type: Self { Self(value: .type) }
    /// A required key is absent.
    public static var missing: Self { Self(value: .missing) }
    /// A key that nobody asked for.
    public static var unknown: Self { Self(value: .unknown) }
    /// A scalar whose value is not acceptable.
    public static var value: Self { Self(value: .value) }
  }

  /// The kind of the failure.
  public let code: Code
  /// The place in the text.
  public let mark: YAMLMark
  /// What was expected and what was found.
  public let message: String

  /// An error at `mark`, whose message says what was expected and found; a long one is cut.
  public init(_ code: Code, at mark: YAMLMark, _ message: String) {
    self.code = code
    self.mark = mark
    self.message = Self.cut(message)
  }

  // A text may have a key of a megabyte, which nobody wants to read.
  private static let messageLimit = 1000

  private static func cut(_ message: String) -> String {
    let scalars = message.unicodeScalars
    guard scalars.count > messageLimit else { return message }
    return String(String.UnicodeScalarView(scalars.prefix(messageLimit))) + "…"
  }

  /// `line:column: message`, to be put behind a file's name.
  public var description: String { "\(mark): \(message)" }
}

/// A place in a YAML text: line and column, both counted from 1 as editors do.
public struct YAMLMark: Sendable, Hashable, CustomStringConvertible {
  /// The line, counted from 1.
  public let line: Int
  /// The column, counted from 1.
  public let column: Int

  /// A place in a text.
  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  public var description: String { "\(line):\(column)" }
}
