/// Why a field was given another value, and where that is written.
public struct TranslationRule: Sendable, Hashable {
  public let text: String
  /// The specification or the driver that says so.
  public let source: String

  public init(_ text: String, source: String) {
    self.text = text
    self.source = source
  }
}
