public import StateLayout

/// Turns state of one layout into state of another, for one target: without loss, or not at all.
///
/// A conformer checks that the state means on the target what it meant before, and rewrites what
/// may be rewritten. It never changes what a device is.
public protocol Translation: Sendable {
  /// The name of the layout that it reads.
  var source: String { get }
  /// The name of the layout that it writes.
  var target: String { get }
  /// Its rewrites and refusals, in a line.
  var summary: String { get }
  /// The facts of the target that it goes by, by their keys.
  var facts: [String] { get }
  /// The ids of rules of the layout `source` that a state may break, because the translation
  /// repairs it.
  var mends: Set<String> { get }
  /// The losses that it can be allowed.
  var losses: [TranslationLoss] { get }

  /// The state `tree` as a tree of the layout `target`. The tree is sound but for the rules in
  /// `mends`.
  ///
  /// Reports to `run` every reason against the translation; the result is then not used.
  func translate(
    _ tree: LayoutTree, to layout: Layout, _ run: inout TranslationRun
  ) throws(LayoutError) -> LayoutTree
}

extension Translation {
  /// None, unless the translation says so.
  public var mends: Set<String> { [] }
  /// None, unless the translation says so.
  public var losses: [TranslationLoss] { [] }
}

/// Why a field was given another value, and where that is written.
public struct TranslationRule: Sendable, Hashable {
  /// The reason, in a clause.
  public let text: String
  /// The specification or the driver that says so.
  public let source: String
  /// Whether the target refuses the value before; if not, it takes either.
  public let isRequired: Bool

  /// A rule for which `source` is the authority.
  public init(_ text: String, source: String, isRequired: Bool = true) {
    self.text = text
    self.source = source
    self.isRequired = isRequired
  }
}

/// A loss that a user may accept, by its name. None touches what a device is.
///
/// Each translation declares its own.
public struct TranslationLoss: Sendable, Hashable {
  /// The name, as `ferry translate --allow` takes it.
  public let rawValue: String
  /// The loss, in a line.
  public let summary: String

  init(_ name: String, _ summary: String) {
    rawValue = name
    self.summary = summary
  }
}
