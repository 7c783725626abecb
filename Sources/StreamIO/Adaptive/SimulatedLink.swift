private import Glibc
import SystemPackage

/// Makes writing take as long as a link of some bandwidth would: for tests and benchmarks.
///
/// As a socket does, it takes bytes into a buffer and lets the writer go on while they are on their way.
final class SimulatedLink {
  private let bytesPerSecond: Double
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  // When all that was written will have been sent.
  private var idleAt: Duration = .zero

  /// What a socket holds: `net.ipv4.tcp_wmem` goes up to this.
  private static let bufferByteCount = 4 << 20

  init(bytesPerSecond: UInt64) {
    self.bytesPerSecond = Double(max(bytesPerSecond, 1))
    start = clock.now
  }

  /// Waits until `count` further bytes fit into the buffer.
  func send(_ count: Int) throws(Errno) {
    let now = clock.now - start
    idleAt = max(idleAt, now) + .seconds(Double(count) / bytesPerSecond)
    try wait(until: idleAt - .seconds(Double(Self.bufferByteCount) / bytesPerSecond))
  }

  /// Waits until everything was sent.
  func finish() throws(Errno) { try wait(until: idleAt) }

  private func wait(until time: Duration) throws(Errno) {
    while true {
      let left = time - (clock.now - start)
      guard left > .zero else { return }
      let (seconds, attoseconds) = left.components
      var request = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
      if unsafe nanosleep(&request, nil) != 0, Interruption.isRequested { throw .interrupted }
    }
  }
}
