/// Something that a state's layout has to say of it.
public struct LayoutFinding: Sendable, Hashable {
  /// How much it matters.
  public enum Severity: Int, Sendable, Hashable, Comparable, CaseIterable {
    /// Worth knowing.
    case note
    /// Not as the driver writes it, though it may be accepted.
    case warning
    /// The state is unsound: it must not be loaded into a device, whether a driver would notice or
    /// not.
    case error

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  }

  /// The kind of rule that it comes from.
  public enum Kind: String, Sendable, Hashable {
    /// The state ends before its layout does.
    case truncated
    /// There are bytes that the layout does not describe.
    case remainder
    /// A value that the field cannot have.
    case value
    /// A rule of the layout about several fields.
    case rule
    /// The layout could not be followed: a length or position without meaning, or a limit of the
    /// reader.
    case layout
  }

  /// How much it matters; an error makes the state unsound.
  public let severity: Severity
  /// The kind of rule that the state breaks.
  public let kind: Kind
  /// The field, such as `records[2].tag`; empty for the state as a whole.
  public let path: String
  /// The bytes that it is about, counted from the start of the state.
  public let range: Range<UInt64>
  /// What was expected and what was found.
  public let message: String
}

extension LayoutFinding.Severity: CustomStringConvertible {
  public var description: String {
    switch self {
    case .note: "note"
    case .warning: "warning"
    case .error: "error"
    }
  }
}

extension LayoutFinding: CustomStringConvertible {
  public var description: String {
    "\(severity): \(path.isEmpty ? "" : "\(path): ")\(message)"
  }
}

extension LayoutFinding {
  /// What was expected and what was found, if the message has those words, as the reader and the
  /// shipped layouts have them; another's layout may say it otherwise.
  package var expectation: (expected: String, found: String)? {
    let (start, middle) = ("expected ", ", found ")
    guard message.hasPrefix(start) else { return nil }
    // By bytes: of a damaged state there are hundreds, and none of the words is part of another
    // character.
    let (text, words) = (message.utf8Span.span, middle.utf8Span.span)
    var place = start.utf8.count
    while place + words.count <= text.count {
      if text[place] == words[0], words.indices.allSatisfy({ text[place + $0] == words[$0] }) {
        let end = message.utf8.index(message.startIndex, offsetBy: place)
        return (
          String(message.dropFirst(start.count)[..<end]),
          String(message[message.utf8.index(end, offsetBy: words.count)...])
        )
      }
      place += 1
    }
    return nil
  }
}
