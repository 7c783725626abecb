/// How far a target has come in a replay, and so what it loses if the replay ends there.
package enum ReplayStage: Int, Sendable, Hashable, CaseIterable {
  /// It has the state that it had, whether it runs or is stopped already.
  case held
  /// It takes state, and what it had is lost.
  case loading
  /// It is in STOP with the state of the stream.
  case loaded
  /// The end for a target that was given no state: it runs as before.
  case unchanged
  /// The end for one that runs with the state of the stream.
  case restored
  /// The end for one that was left in STOP with the state of the stream.
  case stopped
  /// The end for one whose replay was taken back.
  case aborted

  /// What a replay does with a target.
  package enum Step: Int, Sendable, Hashable, CaseIterable {
    /// Takes it into RESUMING.
    case load
    /// Has its driver take what was written.
    case finish
    /// Lets it run.
    case commit
    /// Leaves it stopped for somebody else.
    case leave
    /// Takes back what can be taken back.
    case abort
  }

  // Rows and columns in the order of the cases: the row is the stage, the column the step.
  private static let table: [[ReplayStage?]] = [
    // load, finish, commit, leave, abort
    [.loading, nil, .unchanged, .unchanged, .aborted],
    [nil, .loaded, nil, nil, .aborted],
    [nil, nil, .restored, .stopped, .aborted],
    [nil, nil, nil, nil, nil],
    [nil, nil, nil, nil, nil],
    [nil, nil, nil, nil, nil],
    [nil, nil, nil, nil, nil],
  ]

  /// The stage that the step leads to; nil if it cannot be taken from here.
  package func next(_ step: Step) -> ReplayStage? { Self.table[rawValue][step.rawValue] }

  /// Whether no step leads on.
  package var isEnd: Bool { Self.table[rawValue].allSatisfy { $0 == nil } }

  /// Whether aborting gives the target its own state back; from later stages only a reset brings it
  /// back, fresh.
  package var keepsState: Bool { self == .held }
}
