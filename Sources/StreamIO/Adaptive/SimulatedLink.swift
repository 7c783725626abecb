import MigrationStream
import SystemPackage

/// Makes writing take as long as a link of some bandwidth would: for tests and benchmarks.
///
/// As a socket does, it takes bytes into a buffer and lets the writer go on while they are on their way.
final class SimulatedLink {
  private let bytesPerSecond: Double
  private let clock: any MigrationClock
  // When all that was written will have been sent.
  private var idleAt: Duration = .zero

  /// What a socket holds: `net.ipv4.tcp_wmem` goes up to this.
  private static let bufferByteCount = 4 << 20

  init(bytesPerSecond: UInt64, clock: any MigrationClock) {
    self.bytesPerSecond = Double(max(bytesPerSecond, 1))
    self.clock = clock
  }

  /// Waits until `count` further bytes fit into the buffer.
  func send(_ count: Int) throws(Errno) {
    idleAt = max(idleAt, clock.now) + .seconds(Double(count) / bytesPerSecond)
    try wait(until: idleAt - .seconds(Double(Self.bufferByteCount) / bytesPerSecond))
  }

  /// Waits until everything was sent.
  func finish() throws(Errno) { try wait(until: idleAt) }

  private func wait(until time: Duration) throws(Errno) {
    while true {
      let left = time - clock.now
      guard left > .zero else { return }
      clock.sleep(for: left)
      if Interruption.isRequested { throw .interrupted }
    }
  }
}
