/// What the source of a handover has decided, in the order in which its journal can have it.
///
/// From `commit` on the source never runs its devices again, unless it learns that the target did
/// not come to run them.
public enum SourceDecision: String, Sendable, Hashable, CaseIterable {
  /// It will hand its devices over.
  case begun
  /// It will not; its devices run on. An end.
  case aborted
  /// Its devices stay stopped, and those of the target may run.
  case commit
  /// The target's devices run. An end.
  case handedOver = "handed-over"
  /// It said `commit`, and does not know whether the target heard it.
  case inDoubt = "in-doubt"
  /// An operator says that the target does not run and never will.
  case otherIsDead = "other-is-dead"
  /// The target's devices did not come to run, and its own run again. An end.
  case takenBack = "taken-back"
  /// The target's devices did not come to run, and its own are lost with the process that had them
  /// stopped. An end.
  case lost

  // The row is the decision, the columns in the order of the cases are what can follow it.
  private static let table: [[Bool]] = [
    // begun, aborted, commit, handedOver, inDoubt, otherIsDead, takenBack, lost
    [false, true, true, false, false, false, false, false],
    [false, false, false, false, false, false, false, false],
    [false, false, false, true, true, true, true, true],
    [false, false, false, false, false, false, false, false],
    [false, false, false, true, false, true, true, true],
    [false, false, false, true, false, false, true, true],
    [false, false, false, false, false, false, false, false],
    [false, false, false, false, false, false, false, false],
  ]

  private var index: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  /// Whether `next` can follow in a journal.
  public func isFollowed(by next: Self) -> Bool { Self.table[index][next.index] }

  /// Whether nothing follows.
  public var isEnd: Bool { !Self.table[index].contains(true) }
}
