/// A node of a YAML document, with the place where it begins.
public struct YAMLNode: Sendable {
  /// The three kinds of nodes.
  public enum Content: Sendable {
    /// A scalar's text; `isPlain` is false if it was quoted or a block, and so is always a
    /// string.
    case scalar(String, isPlain: Bool)
    /// A list of nodes.
    case sequence([YAMLNode])
    /// In the order of the text; keys are unique scalars.
    case mapping([Entry])
  }

  /// One key of a mapping with its value.
  public struct Entry: Sendable {
    /// The key's text.
    public let key: String
    /// The place of the key.
    public let keyMark: YAMLMark
    /// The node behind the key.
    public let value: YAMLNode
  }

  /// The node's scalar, items or entries.
  public let content: Content
  /// The place where the node begins.
  public let mark: YAMLMark

  /// A node that begins at `mark`.
  public init(_ content: Content, at mark: YAMLMark) {
    self.content = content
    self.mark = mark
  }

  /// What the node is, for messages.
  public var kind: String {
    switch content {
    case .scalar(let text, _): "'\(text)'"
    case .sequence: "a sequence"
    case .mapping: "a mapping"
    }
  }

  /// An error at this node.
  public func error(_ code: YAMLError.Code, _ message: String) -> YAMLError {
    YAMLError(code, at: mark, message)
  }
}
