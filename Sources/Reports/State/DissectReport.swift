import ByteIO
public import StateLayout

/// A state taken apart (`ferry dissect`); the JSON is `schemas/dissect.schema.json`.
///
/// A tree may have a hundred thousand fields, so it is no `Report`: its text and its JSON are given
/// piece by piece, and are never held whole.
public struct DissectReport: Sendable {
  /// The state's name, the title of the text.
  public let name: String
  /// The state.
  public let tree: LayoutTree
  /// How the layout was found; nil if it was given.
  public let detection: LayoutDetection?
  /// The kernel driver that handed the state out, if that is known.
  public let driver: String?
  /// The CRC-32C of each part of bytes; nil if they are not wanted.
  public let checksums: [Payload: UInt32]?
  /// The fields that are reported; nil for all.
  public let selection: [LocatedField]?
  /// How many levels of fields are reported; nil for all.
  public let levels: Int?

  /// A report on the state that is `tree`.
  public init(
    _ tree: LayoutTree, name: String, detection: LayoutDetection? = nil, driver: String? = nil,
    checksums: [Payload: UInt32]? = nil, selection: [LocatedField]? = nil, levels: Int? = nil
  ) {
    self.name = name
    self.tree = tree
    self.detection = detection
    self.driver = driver
    self.checksums = checksums
    self.selection = selection
    self.levels = levels
  }

  /// Whether the layout was found by the length of the state or by its driver alone.
  var isGuess: Bool { detection?.best?.isGuess ?? false }

  /// The state as a whole: `sound and complete`, `UNSOUND`.
  var verdict: String {
    if !tree.isComplete { return "UNSOUND and not complete" }
    // That a layout without marks finds nothing says nothing.
    if isGuess && tree.isSound { return "which is a guess" }
    return tree.isSound ? "sound and complete" : "UNSOUND"
  }
}

extension DissectReport {
  /// The CRC-32C of every part of bytes of `tree`, which was read from `source`.
  ///
  /// Throws as the source does: parts that the tree does not hold are read.
  public static func checksums<Source: StateSource>(
    of tree: LayoutTree, from source: Source
  ) throws(Source.Failure) -> [Payload: UInt32] {
    var checksums: [Payload: UInt32] = [:]
    try add(tree.root, from: source, to: &checksums)
    return checksums
  }

  private static func add<Source: StateSource>(
    _ node: LayoutNode, from source: Source, to checksums: inout [Payload: UInt32]
  ) throws(Source.Failure) {
    switch node.content {
    case .integer, .text: break
    case .bytes(let payload):
      var checksum: UInt32 = 0
      try payload.forEach(from: source) { (span) throws(Source.Failure) in
        checksum = CRC32C.checksum(of: span, continuing: checksum)
      }
      checksums[payload] = checksum
    case .record(let fields):
      for field in fields { try add(field, from: source, to: &checksums) }
    case .list(let items):
      for item in items.first + items.last { try add(item, from: source, to: &checksums) }
    }
  }
}
