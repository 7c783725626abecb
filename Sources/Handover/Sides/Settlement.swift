public import MigrationStream
public import StreamIO
import SystemPackage

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
    /// The process that has them lives, and has not come to a doubt.
    case underWay
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

  /// Settles handovers, one after the other, and writes down how; `told` hears of each. One that
  /// has ended meanwhile is passed over.
  ///
  /// Nobody else settles in the folder meanwhile (EAGAIN), so that who holds a journal is the
  /// process with the devices.
  public func settle(
    _ entries: [JournalFolder.Entry<SourceDecision>],
    asking ask: (StreamUUID) throws(HandoverError) -> TargetDecision?,
    told: (StreamUUID, Result<Outcome, StreamIOError>) -> Void
  ) throws(StreamIOError) {
    guard !entries.isEmpty else { return }
    let lock = try options.journals.lock()
    defer { try? lock.close() }
    for entry in entries {
      do throws(StreamIOError) {
        if let outcome = try settle(entry.handover, asking: ask) {
          told(entry.handover, .success(outcome))
        }
      } catch {
        told(entry.handover, .failure(error))
      }
    }
  }

  private func settle(
    _ handover: StreamUUID, asking ask: (StreamUUID) throws(HandoverError) -> TargetDecision?
  ) throws(StreamIOError) -> Outcome? {
    let journals = options.journals
    guard let entry = try journals.entry(of: handover, SourceDecision.self),
      !entry.decision.isEnd
    else { return nil }
    if entry.isHeld {
      guard entry.decision == .inDoubt else { return .underWay }
      guard isOtherDead else { return .asksItself }
      try journals.sayOtherIsDead(handover)
      return .toldToTakeBack
    }
    var journal = try Journal<SourceDecision>(continuing: entry.path, of: handover)
    // The process may have ended it, and itself, since.
    if journal.decision.isEnd { return nil }
    if journal.decision == .begun {
      try journal.append(.aborted, why: "the process that began it has gone")
      return .neverCommitted
    }
    if journal.decision != .otherIsDead {
      if isOtherDead {
        try journal.append(.otherIsDead, why: "an operator said so")
      } else {
        let answer: TargetDecision?
        do throws(HandoverError) {
          answer = try ask(handover)
        } catch {
          return .inDoubt("\(error)")
        }
        guard let answer else { return .inDoubt("the target has no journal of it") }
        guard let runs = answer.meansRunning else {
          return .inDoubt("the target's journal ends in '\(answer.rawValue)'")
        }
        if runs {
          try journal.append(.handedOver)
          return .targetRuns
        }
      }
    }
    try journal.append(.lost, why: "the process that had the devices has gone")
    return .lost
  }
}
