public import YAMLReader

/// Why a layout file could not be read, or a tree not be changed or written by its layout, and
/// where.
public struct LayoutError: Error, Sendable, Hashable {
  /// The kind of problem.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Value: String {
      case text, unsupported, expression, path, value, length, incomplete
    }
    private let value: Value

    /// The code in one word, as reports have it.
    public var description: String { value.rawValue }

    /// The text is not YAML, or not a layout.
    public static var text: Self { Self(value: .text) }
    /// The file uses a feature of Kaitai Struct that is outside of the subset; the message names
    /// it.
    public static var unsupported: Self { Self(value: .unsupported) }
    /// An expression that cannot be read, or names what is not there.
    public static var expression: Self { Self(value: .expression) }
    /// A path that leads to no field.
    public static var path: Self { Self(value: .path) }
    /// A field whose value does not fit its type.
    public static var value: Self { Self(value: .value) }
    /// A length or count that does not agree with the content that it measures.
    public static var length: Self { Self(value: .length) }
    /// The tree lacks fields that its layout demands, because the state was truncated or a field
    /// was not given.
    public static var incomplete: Self { Self(value: .incomplete) }
  }

  /// Where the problem lies.
  public enum Place: Sendable, Hashable {
    /// A place in the layout's text.
    case text(YAMLMark)
    /// A field of a tree, by its path.
    case field(String)
  }

  /// The kind of problem.
  public let code: Code
  /// Where it lies: in the layout's text, or at a field of a tree.
  public let place: Place
  /// What was expected and what was found.
  public let message: String

  /// An error at `place`, whose message says what was expected and what was found.
  public init(_ code: Code, at place: Place, _ message: String) {
    self.code = code
    self.place = place
    self.message = message
  }

  init(_ error: YAMLError) {
    self.init(.text, at: .text(error.mark), error.message)
  }
}

extension LayoutError: CustomStringConvertible {
  /// The message with its place in front, to be put behind a file's name.
  public var description: String {
    switch place {
    case .text(let mark): "\(mark): \(message)"
    case .field(let path): "\(path.isEmpty ? "(the state)" : path): \(message)"
    }
  }
}
