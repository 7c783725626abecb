public import ByteIO
public import MigrationStream
import SystemPackage

/// A sink that takes as long as a link of some bandwidth would: for tests and benchmarks.
///
/// As a socket does, it takes bytes into a buffer and lets the writer go on while they are on their
/// way.
public struct SimulatedLink: ~Copyable, ByteSink {
  private var sink: any ByteSink<StreamIOError> & ~Copyable
  private let bytesPerSecond: Double
  private let clock: any MigrationClock
  // When all that was written will have been sent.
  private var idleAt: Duration = .zero

  /// What a socket holds: `net.ipv4.tcp_wmem` goes up to this.
  private static let bufferByteCount = 4 << 20

  /// The errors of a link are those of the sink behind it, in whose name they come.
  public let name: String

  /// A link before `sink`, whose time passes by `clock`.
  public init(
    to sink: consuming any ByteSink<StreamIOError> & ~Copyable, bytesPerSecond: UInt64,
    clock: any MigrationClock = SystemClock()
  ) {
    name = sink.name
    self.sink = sink
    self.bytesPerSecond = Double(max(bytesPerSecond, 1))
    self.clock = clock
  }

  /// Writes at once, and waits until the bytes fit into the buffer.
  public mutating func write(
    _ head: RawSpan, _ body: RawSpan
  ) throws(StreamIOError) {
    try sink.write(head, body)
    let count = head.byteCount + body.byteCount
    idleAt = max(idleAt, clock.now) + .seconds(Double(count) / bytesPerSecond)
    try wait(until: idleAt - .seconds(Double(Self.bufferByteCount) / bytesPerSecond))
  }

  /// Waits until everything was sent, and ends the sink.
  public mutating func finish() throws(StreamIOError) {
    try wait(until: idleAt)
    try sink.finish()
  }

  private func wait(until time: Duration) throws(StreamIOError) {
    while true {
      let left = time - clock.now
      guard left > .zero else { return }
      clock.sleep(for: left)
      if Interruption.isRequested {
        throw StreamIOError(name, .system(.interrupted, attempting: "write"))
      }
    }
  }
}
