/// Why reading a node ended before the layout's end of it.
///
/// A node that is changed as a whole has none any more; until then it is not written, for the lengths around it would be made
/// to agree with what is left.
final class Shortfall: Sendable {
  /// The way from the node to the field that could not be read; empty for the node itself.
  let path: [LayoutPath.Step]
  /// What was expected and what was found.
  let message: String

  init(path: [LayoutPath.Step], message: String) {
    self.path = path
    self.message = message
  }
}
