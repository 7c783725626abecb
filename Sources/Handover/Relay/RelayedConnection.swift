import ByteIO
import Transport

/// The bytes of a connection of a migration. A migration may be silent as long as it likes, unless
/// its end is kept back, or it is over.
struct RelayedSource: ByteSource {
  private static let step = Duration.seconds(1)

  private let connection: any RelayedEnd
  private var first: UInt8?
  /// What the connection carries; nil for the way back.
  private let channel: RelayedChannel?
  private let patience: Duration
  private let state: RelayState

  /// The bytes of `connection`, before which `first` was read.
  init(
    _ connection: any RelayedEnd, first: UInt8?, channel: RelayedChannel?, _ patience: Duration,
    _ state: RelayState
  ) {
    self.connection = connection
    self.first = first
    self.channel = channel
    self.patience = patience
    self.state = state
  }

  var name: String { connection.peer }
  var byteCount: UInt64? { nil }

  mutating func read(into span: inout MutableRawSpan) throws(TransportError) -> Int {
    if let first, span.byteCount > 0 {
      self.first = nil
      span.storeBytes(of: first, as: UInt8.self)
      return 1
    }
    var waited = Duration.zero
    while true {
      do throws(TransportError) {
        return try connection.read(into: &span, patience: Self.step)
      } catch {
        switch error.cause {
        case .stalled: if connection.isHeard { waited += Self.step }
        // Behind the end, the destination's word has to reach the source all the same.
        case .interrupted where state.hasEnded: waited += Self.step
        default: throw error
        }
      }
      guard waited >= patience else { continue }
      if channel == .main, state.isHolding { throw TransportError(name, .stalled(patience)) }
      if state.hasMainEnded { return 0 }
    }
  }
}

/// Where the bytes of a connection go on.
struct RelayedSink: ByteSink {
  // A destination may wait for its operator, and a full one for its channels.
  private static let patience = Duration.seconds(24 * 3600)

  private let connection: any RelayedEnd
  private let state: RelayState
  private let isReturning: Bool

  init(_ connection: any RelayedEnd, _ state: RelayState, isReturning: Bool = false) {
    self.connection = connection
    self.state = state
    self.isReturning = isReturning
  }

  var name: String { connection.peer }

  mutating func write(_ head: RawSpan, _ body: RawSpan) throws(TransportError) {
    try connection.write(head, body, patience: Self.patience)
    state.passed(head.byteCount + body.byteCount, isReturning: isReturning)
  }

  mutating func finish() throws(TransportError) { connection.endOutput() }
}

/// A copy of bytes that nothing looks for in.
enum RelayedCopy {
  /// Which side failed.
  enum Failure: Error {
    case source(TransportError)
    case sink(TransportError)
  }

  /// Copies until the source ends, and ends the sink; `observe` sees what goes on.
  static func run(
    _ source: inout RelayedSource, _ sink: inout RelayedSink, observing observe: (RawSpan) -> Void
  ) throws(Failure) {
    var buffer = ByteBuffer(capacity: 256 << 10)
    while true {
      buffer.removeAll()
      do throws(TransportError) {
        let count = try buffer.fill { (span) throws(TransportError) in
          try source.read(into: &span)
        }
        if count == 0 { break }
      } catch {
        throw .source(error)
      }
      observe(buffer.bytes)
      do throws(TransportError) {
        try sink.write(buffer.bytes, RawSpan())
      } catch {
        throw .sink(error)
      }
    }
    do throws(TransportError) { try sink.finish() } catch { throw .sink(error) }
  }
}
