private import Glibc

/// A value that threads share under a lock, with two conditions to wait for.
///
/// The corresponding C functions are those of `pthread_mutex` and `pthread_cond`; the standard
/// library's `Mutex` has no condition that goes with it. Sendable, because the value is reached
/// with the lock held and nowhere else.
@safe package final class Monitor<Value: Sendable>: @unchecked Sendable {
  /// What threads wait for.
  package enum Condition: Int, CaseIterable {
    case work, result
  }

  private var value: Value
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let conditions: UnsafeMutablePointer<pthread_cond_t>

  /// Shares a value.
  package init(_ value: Value) {
    self.value = value
    unsafe mutex = .allocate(capacity: 1)
    unsafe conditions = .allocate(capacity: Condition.allCases.count)
    // SAFETY: with default attributes, neither call fails on Linux.
    unsafe pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    // A time to wait for must not move with the wall clock.
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    for condition in Condition.allCases {
      unsafe pthread_cond_init(conditions + condition.rawValue, &attributes)
    }
    unsafe pthread_condattr_destroy(&attributes)
  }

  deinit {
    for condition in Condition.allCases {
      unsafe pthread_cond_destroy(conditions + condition.rawValue)
    }
    unsafe pthread_mutex_destroy(mutex)
    unsafe conditions.deallocate()
    unsafe mutex.deallocate()
  }

  /// Runs `body` with the lock held.
  package func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return body(&value)
  }

  /// Runs `body` with the lock held, and again whenever `condition` is signalled, until it has a
  /// result.
  package func wait<Result>(for condition: Condition, until body: (inout Value) -> Result?)
    -> Result
  {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while true {
      if let result = body(&value) { return result }
      unsafe pthread_cond_wait(conditions + condition.rawValue, mutex)
    }
  }

  /// The same for at most `patience`; nil if there is no result then.
  package func wait<Result>(
    for condition: Condition, patience: Duration, until body: (inout Value) -> Result?
  ) -> Result? {
    var end = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &end)
    let (seconds, attoseconds) = patience.components
    let nanoseconds = end.tv_nsec + Int(attoseconds / 1_000_000_000)
    end.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
    end.tv_nsec = nanoseconds % 1_000_000_000
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while true {
      if let result = body(&value) { return result }
      let status = unsafe pthread_cond_timedwait(conditions + condition.rawValue, mutex, &end)
      if status == ETIMEDOUT { return body(&value) }
    }
  }

  /// Wakes one that waits for `condition`.
  package func signal(_ condition: Condition) {
    unsafe pthread_cond_signal(conditions + condition.rawValue)
  }

  /// Wakes all that wait for `condition`.
  package func broadcast(_ condition: Condition) {
    unsafe pthread_cond_broadcast(conditions + condition.rawValue)
  }
}
