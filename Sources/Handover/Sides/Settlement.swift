public import MigrationStream
public import StreamIO

/// Settles handovers whose source has gone, or is in doubt.
public struct Settlement: Sendable {
  /// How the devices of a handover stand.
  public enum Outcome: Sendable, Hashable {
    /// The target runs them.
    case targetRuns
    /// The target did not come to run them, and the process that had them stopped here has gone,
    /// and with it their state, unless somebody else holds them open.
    case lost
    /// The process that had them gone before it committed; the target does not run them.
    case neverCommitted
    /// The process that has them stopped lives, and asks itself.
    case asksItself
    /// The process that has them stopped lives, and was told that the target is dead: it runs them
    /// again.
    case toldToTakeBack
    /// The target does not say, for a reason.
    case inDoubt(String)
  }

  /// Where the target is, and where the journals are.
  public var options: HandoverOptions
  /// Whether an operator says that the target is dead and never runs the devices.
  public var isOtherDead = false

  /// A settlement with the target of `options`.
  public init(_ options: HandoverOptions) { self.options = options }

  /// Settles the handover of a journal, and writes down how.
  public func settle(
    _ entry: JournalFolder.Entry<SourceDecision>,
    asking ask: (StreamUUID) throws(HandoverError) -> TargetDecision?
  ) throws(StreamIOError) -> Outcome {
    if entry.isHeld {
      guard isOtherDead, entry.decision.isFollowed(by: .otherIsDead) else { return .asksItself }
      try JournalFolder.add(.otherIsDead, to: entry, why: "an operator said so")
      return .toldToTakeBack
    }
    var journal = try Journal<SourceDecision>(continuing: entry.path, of: entry.handover)
    if journal.decision == .begun {
      try journal.append(.aborted, why: "the process that began it has gone")
      return .neverCommitted
    }
    if isOtherDead {
      if journal.decision != .otherIsDead {
        try journal.append(.otherIsDead, why: "an operator said so")
      }
    } else if journal.decision != .otherIsDead {
      let answer: TargetDecision?
      do throws(HandoverError) {
        answer = try ask(entry.handover)
      } catch {
        return .inDoubt("\(error)")
      }
      guard let runs = answer?.meansRunning else {
        return .inDoubt("its journal does not say whether the devices run")
      }
      if runs {
        try journal.append(.handedOver)
        return .targetRuns
      }
    }
    try journal.append(.lost, why: "the process that had the devices has gone")
    return .lost
  }
}
