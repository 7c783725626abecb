import ByteIO

/// Text that others wrote, made safe for a terminal: it must not move the cursor or change colours.
public enum TerminalText {
  /// The most characters of one line that are shown.
  private static let limit = 4096

  /// `text` with controls, formats and separators as `\u{1b}`, and bytes that are not UTF-8 as
  /// `\xff`; one line, cut in its middle if it is very long.
  public static func text(_ text: String) -> String {
    // As nearly all is.
    if text.utf8.count <= limit, text.utf8.allSatisfy({ 0x20...0x7e ~= $0 }) { return text }
    let scalars = text.unicodeScalars
    guard scalars.count > limit else { return escaped(scalars) }
    let kept = limit / 2
    return escaped(scalars.prefix(kept)) + " … (\(scalars.count - 2 * kept) characters) … "
      + escaped(scalars.suffix(kept))
  }

  private static func escaped(_ scalars: some Sequence<Unicode.Scalar>) -> String {
    var result = ""
    for scalar in scalars {
      if let byte = PathBytes.byte(of: scalar) {
        result += "\\x" + hex(byte, digits: 2)
        continue
      }
      switch scalar.properties.generalCategory {
      case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator:
        result += "\\u{\(hex(scalar.value))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// The same for text of several lines, whose line feeds and tabs stay.
  public static func lines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.split(separator: "\t", omittingEmptySubsequences: false).map { self.text(String($0)) }
        .joined(separator: "\t")
    }.joined(separator: "\n")
  }
}

extension String {
  /// The text with spaces behind it, for a column of this width.
  package func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }

  /// The text with spaces before it, for a column of this width.
  func leading(_ width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}
