import ByteIO
import Glibc
import StreamIO
import Synchronization

private let received = Atomic<Int32>(0)

/// Notes every signal that would end the process and can be caught, instead of dying of it: a
/// device must be brought back first. Those of a crash are left alone.
enum SignalGuard {
  /// The signal that came, if any.
  static var signal: Int32? {
    let number = received.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  static func install() {
    // Both are initialised now, and not in a handler.
    _ = (signal, Interruption.isRequested)
    handle { number in
      received.store(number, ordering: .relaxed)
      Interruption.request()
    }
  }

  /// Has every such signal end the process as it would, but remove the temporary names of files
  /// first.
  static func removeTemporaryNames() {
    OutputFile.removeTemporaryNames()
    handle { number in
      OutputFile.removeTemporaryNames()
      // It comes again when the handler returns.
      Glibc.signal(number, SIG_DFL)
      raise(number)
    }
  }

  private static func handle(_ handler: @escaping @convention(c) (Int32) -> Void) {
    var action = sigaction()
    // Without SA_RESTART: whatever waits gives up.
    unsafe action.__sigaction_handler.sa_handler = handler
    for number in ending where asked.contains(number) || !isIgnored(number) {
      unsafe sigaction(number, &action, nil)
    }
  }

  // Shells ignore SIGINT for what they run in the background; whoever sends it there means it.
  private static let asked: Set<Int32> = [SIGINT, SIGTERM]

  private static var ending: [Int32] {
    let named = [
      SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGSTKFLT, SIGXCPU, SIGXFSZ,
      SIGVTALRM, SIGPROF, SIGIO, SIGPWR,
    ]
    // The real-time signals, of which glibc keeps the first two for itself.
    return named + Array(34...64)
  }

  /// Whether somebody had the signal ignored before, as nohup does.
  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard unsafe sigaction(number, nil, &action) == 0 else { return false }
    // SAFETY: both are addresses, and are compared as such.
    return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
