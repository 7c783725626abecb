private import Synchronization

/// Whether calls that wait shall give up when a signal comes, and long work shall end, instead of
/// going on.
///
/// For programs that have something to put back before they end. A signal's handler asks for it;
/// whatever waits in the system then fails with EINTR, and engines cancel at the next safe point.
/// A call that begins in the moment of the signal waits for the next one.
public enum Interruption {
  private static let flag = Atomic<Bool>(false)

  /// Whether it was asked for. Call it once before a handler is set up, which must find it
  /// initialised.
  public static var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// Asks for it; may be called in a signal handler.
  public static func request() { flag.store(true, ordering: .relaxed) }

  /// Makes a system call again if it fails with `interrupted` (EINTR), unless somebody asked to
  /// give up.
  public static func retrying<Value, Failure: Error & Equatable>(
    after interrupted: Failure, _ call: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    while true {
      do throws(Failure) {
        return try call()
      } catch {
        if error != interrupted || isRequested { throw error }
      }
    }
  }
}
