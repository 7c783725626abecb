private import Synchronization

/// Whether reads and writes that wait shall give up when a signal comes, instead of waiting on.
///
/// For programs that have something to put back before they end. The handler asks for it, and whatever waits then fails
/// with EINTR; nothing else does. A call that begins in the moment of the signal waits for the next one.
public enum Interruption {
  private static let flag = Atomic<Bool>(false)

  /// Whether it was asked for. Call it once before a handler is set up, so that the handler finds it initialised.
  public static var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// Asks for it; may be called in a signal handler.
  public static func request() { flag.store(true, ordering: .relaxed) }
}
