import StreamIO
import Synchronization

/// A thread whose value is waited for.
final class Background<Value: Sendable> {
  private final class Box: Sendable {
    let value = Mutex<Value?>(nil)
  }

  private let box = Box()
  private let thread: WorkerThread?

  init(_ run: @escaping @Sendable () -> Value) {
    let box = box
    thread = WorkerThread {
      let value = run()
      box.value.withLock { $0 = value }
    }
  }

  /// What it came to; nil if the system had no thread for it. To be asked for once.
  var result: Value? {
    thread?.join()
    return box.value.withLock { $0 }
  }
}
