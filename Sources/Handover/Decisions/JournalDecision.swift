/// The decisions of one side of a handover.
public protocol JournalDecision: RawRepresentable, Sendable, Hashable where RawValue == String {
  /// The side, as it stands in a journal's name.
  static var side: String { get }
  /// The first of a journal.
  static var first: Self { get }
  /// Whether `next` can follow in a journal.
  func isFollowed(by next: Self) -> Bool
  /// Whether nothing follows.
  var isEnd: Bool { get }
}

extension SourceDecision: JournalDecision {
  public static var side: String { "source" }
  public static var first: Self { .begun }
}

extension TargetDecision: JournalDecision {
  public static var side: String { "target" }
  public static var first: Self { .begun }
}
