/// What the target of a handover has decided, in the order in which its journal can have it.
///
/// Its devices run if and only if `commit` is in its journal and no `failed` behind it.
public enum TargetDecision: String, Sendable, Hashable, CaseIterable {
  /// It takes the stream.
  case begun
  /// It has everything, and waits for the source to commit.
  case prepared
  /// Its devices do not run and will not. An end.
  case aborted
  /// Its devices are to run.
  case commit
  /// They do. An end.
  case running
  /// They did not come to run, and were reset. An end.
  case failed

  // The row is the decision, the columns in the order of the cases are what can follow it.
  private static let table: [[Bool]] = [
    // begun, prepared, aborted, commit, running, failed
    [false, true, true, false, false, false],
    [false, false, true, true, false, false],
    [false, false, false, false, false, false],
    [false, false, false, false, true, true],
    [false, false, false, false, false, false],
    [false, false, false, false, false, false],
  ]

  private var index: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  /// The number of the decision on the wire, from 1.
  var code: UInt8 { UInt8(index + 1) }

  init?(code: UInt8) {
    guard (1...Self.allCases.count).contains(Int(code)) else { return nil }
    self = Self.allCases[Int(code) - 1]
  }

  /// Whether `next` can follow in a journal.
  public func isFollowed(by next: Self) -> Bool { Self.table[index][next.index] }

  /// Whether nothing follows.
  public var isEnd: Bool { !Self.table[index].contains(true) }

  /// What a source that asks may conclude; nil if it must not conclude anything yet.
  public var meansRunning: Bool? {
    switch self {
    case .running: true
    case .aborted, .failed: false
    case .begun, .prepared, .commit: nil
    }
  }
}
