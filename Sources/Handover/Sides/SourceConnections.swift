import Synchronization
import Transport

/// The connections of the further channels, so that a thread that waits for one can be told that
/// nobody wants it any more.
final class SourceConnections: Sendable {
  private let all = Mutex<[Connection]>([])

  func add(_ connection: Connection) { all.withLock { $0.append(connection) } }

  /// Ends each of them.
  func shutDown() {
    for connection in all.withLock(\.self) { connection.shutDown() }
  }
}
