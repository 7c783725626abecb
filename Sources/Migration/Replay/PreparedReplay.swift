import Devices
import MigrationStream

/// Targets that have everything of a stream, verified, and wait for the word to run.
///
/// They are in STOP with all state loaded; targets that got none run as before, with the bindings
/// and registers of the stream. One of ``commit()``, ``leaveStopped()`` and ``abort()`` ends it; if
/// it goes without, it aborts. So two hosts can agree first: whoever holds this has told nobody yet
/// that the targets run.
public struct PreparedReplay<SourceFailure: Error>: ~Copyable {
  private let run: ReplayRun<SourceFailure>

  init(_ run: ReplayRun<SourceFailure>) { self.run = run }

  deinit { _ = run.abort() }

  /// Lets the targets run with the state of the stream; it is not cancelled any more.
  ///
  /// If one of them fails at that, all are reset: none runs with half of a machine.
  public consuming func commit() throws(ReplayError<SourceFailure>) -> ReplaySummary {
    do throws(ReplayRun<SourceFailure>.Failure) {
      return try run.commit()
    } catch {
      throw run.undo(error)
    }
  }

  /// Leaves the targets in STOP, for somebody else to run.
  public consuming func leaveStopped() -> ReplaySummary { run.end(by: .leave) }

  /// Takes everything back, and says by the number of the stream's device how each target is now.
  ///
  /// Targets that took state are reset, and run fresh; others run as before.
  public consuming func abort() -> [UInt16: DeviceOutcome] { run.abort() }
}
