import Synchronization
import Transport

/// The connections of a source's threads, so that a thread that waits for one can be told that
/// nobody wants it any more.
final class SourceConnections: Sendable {
  private struct State {
    var all: [Connection] = []
    var areShutDown = false
    var receiptWait = Duration.zero
  }

  private let state = Mutex(State())

  var areShutDown: Bool { state.withLock(\.areShutDown) }

  /// Takes a connection; false if none is wanted any more.
  func add(_ connection: Connection) -> Bool {
    state.withLock {
      if !$0.areShutDown { $0.all.append(connection) }
      return !$0.areShutDown
    }
  }

  /// How long their threads have waited until the target's host took bytes, or the target had
  /// received them.
  var wait: Duration {
    state.withLock { $0.all.reduce($0.receiptWait) { $0 + $1.traffic.sendWaitingTime } }
  }

  /// Notes that a thread has waited for the target to receive something.
  func noteReceiptWait(_ duration: Duration) { state.withLock { $0.receiptWait += duration } }

  /// Ends each of them.
  func shutDown() {
    state.withLock {
      $0.areShutDown = true
      for connection in $0.all { connection.shutDown() }
    }
  }
}
