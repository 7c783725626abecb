private import Glibc

/// A thread that computes and gets no signals: they stay with the threads that read and write.
@safe public final class WorkerThread {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  private let handle: pthread_t

  /// Starts `run`; nil if the system has no further thread. The corresponding C function is
  /// `pthread_create`.
  public init?(_ run: @escaping @Sendable () -> Void) {
    var handle = pthread_t()
    var all = sigset_t()
    var before = sigset_t()
    // SAFETY: the body is released by the thread that takes it, or below if there is none. A
    // thread inherits the signal mask of the one that makes it.
    let body = unsafe Unmanaged.passRetained(Body(run))
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
    let status = unsafe pthread_create(
      &handle, nil,
      { pointer in
        guard let pointer = unsafe pointer else { return nil }
        unsafe Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run()
        return nil
      }, body.toOpaque())
    unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
    guard status == 0 else {
      unsafe body.release()
      return nil
    }
    self.handle = handle
  }

  /// Waits for its end; call it once. The corresponding C function is `pthread_join`.
  public func join() { pthread_join(handle, nil) }
}
