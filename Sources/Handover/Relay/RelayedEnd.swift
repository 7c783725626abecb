import ByteIO
import Transport

/// One of the two ends that a connection of QEMU's has at a relay: a connection, or a tunnel's.
protocol RelayedEnd: AnyObject, Sendable {
  /// What errors call the other side.
  var peer: String { get }

  /// Reads as `Connection` does.
  func read(into span: inout MutableRawSpan, patience: Duration) throws(TransportError) -> Int

  /// Writes as `Connection` does.
  func write(_ head: RawSpan, _ body: RawSpan, patience: Duration) throws(TransportError)

  /// Whether silence is QEMU's, and not of what is between.
  var isHeard: Bool { get }

  /// Says that nothing more will be written.
  func endOutput()

  /// Ends it both ways.
  func shutDown()
}

extension Connection: RelayedEnd {
  var isHeard: Bool { true }
}

extension TunnelStream: RelayedEnd {}
