import StateLayout

/// What `ferry dissect` has to say of a state.
struct DissectReport {
  let name: String
  let tree: LayoutTree
  /// How the layout was found; nil where it was given.
  let detection: LayoutDetection?
  let driver: String?
  /// The checksum of bytes that are not shown, where it is wanted.
  let checksum: ((Payload) throws -> String)?

  /// The state as a whole: `sound and complete`, `sound`, `UNSOUND`.
  var verdict: String {
    if !tree.isComplete { return "UNSOUND and not complete" }
    if !tree.isSound { return "UNSOUND" }
    return "sound and complete"
  }
}

extension LayoutNode.Content {
  /// Whether it has fields or items of its own to show.
  var isLeaf: Bool {
    switch self {
    case .integer, .text, .bytes: true
    case .record, .list: false
    }
  }
}
