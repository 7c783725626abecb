import ByteIO
import Glibc
import Synchronization

private let received = Atomic<Int32>(0)

/// Notes SIGINT, SIGTERM and SIGHUP instead of dying of them: a device must be brought back first.
enum SignalGuard {
  /// The signal that came, if any.
  static var signal: Int32? {
    let number = received.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  static func install() {
    // Both are initialised now, and not in a handler.
    _ = (signal, Interruption.isRequested)
    var action = sigaction()
    // Without SA_RESTART: whatever waits gives up.
    unsafe action.__sigaction_handler.sa_handler = { number in
      received.store(number, ordering: .relaxed)
      Interruption.request()
    }
    for number in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaction(number, &action, nil) }
  }
}
