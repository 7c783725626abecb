public import StateLayout

/// A way from the state of one layout to that of another, for one target: without loss, or not at all.
///
/// A conformer checks what the target must have for the state to mean there what it meant before, and rewrites what may be
/// rewritten. It never changes what a device is.
public protocol Translation: Sendable {
  /// The name of the layout that it reads.
  var source: String { get }
  /// The name of the layout that it writes.
  var target: String { get }
  /// What it rewrites and what it refuses, in a line.
  var summary: String { get }
  /// The facts of the target that it goes by, by their keys.
  var facts: [String] { get }
  /// The rules of the layout `source`, by their ids, that a state may break, since it puts right what they are about.
  var mends: Set<String> { get }
  /// The losses that it can be allowed.
  var losses: [TranslationLoss] { get }

  /// The state `tree`, which its layout calls sound but for the rules that are mended, as a tree of the layout `target`.
  ///
  /// What stands in the way is told to `run`, all of it; what is returned then is not used.
  func translate(
    _ tree: LayoutTree, to layout: Layout, _ run: inout TranslationRun
  ) throws(LayoutError) -> LayoutTree
}

extension Translation {
  public var mends: Set<String> { [] }
  public var losses: [TranslationLoss] { [] }
}
