public import ByteIO

/// What a command reports: one value, made from the library's own, and its renderers.
///
/// The text says nothing that the JSON does not, but for the name that the caller gave, which is
/// its title. Texts of others are safe for a terminal in both.
public protocol Report: Sendable {
  /// The report for people, in lines; no line feed at its end.
  var text: String { get }

  /// The report for programs. Keys, types and units are stable; `schemas/` describes them.
  var json: JSONValue { get }
}
