import ByteIO
import StreamIO
public import Transport

/// The connections of a tunnel between two relays, which have greeted each other.
public struct TunnelLinks: Sendable {
  /// The side of a tunnel.
  enum Side: Sendable {
    /// Beside the source's QEMU; it has made the connections.
    case source
    /// Beside the destination's.
    case destination

    /// Which way the bytes go that it sends.
    var direction: TunnelBlock.Direction { self == .source ? .forward : .backward }
  }

  // What is written last has at most so many bytes before it that are not on their way: more would
  // be waited for on a slow link, and fewer let a fast one run dry before a thread wakes.
  private static let unsentByteCount = 256 << 10

  let side: Side
  let connections: [Connection]
  // What the greeting took of each connection, by which places of errors count.
  let greetingByteCount: UInt64

  /// How many there are.
  public var count: Int { connections.count }
  /// Who is at the other side.
  public var peer: String { connections.first?.peer ?? "" }

  private init(_ side: Side, _ connections: [Connection]) {
    self.side = side
    self.connections = connections
    greetingByteCount = UInt64(
      TunnelHello.preamble.count + TunnelBlock.headByteCount + TunnelHello.byteCount)
    for connection in connections { connection.limitUnsent(to: Self.unsentByteCount) }
  }

  // MARK: Beside the source

  /// Makes so many connections, 1 to 16, to the relay that listens at `address`; it may take
  /// `patience` for each step.
  public static func connect(
    to address: NetworkAddress, count: Int, protection: Protection,
    patience: Duration = .seconds(10)
  ) throws(TunnelError) -> TunnelLinks {
    let secret = HandoverSecret.random()
    var connections: [Connection] = []
    for number in 0..<count {
      let hello = TunnelHello(
        connection: UInt16(number), of: UInt16(count), secret: secret)
      let connection: Connection
      do throws(TransportError) {
        connection = try Connection(to: address, protection: protection, patience: patience)
      } catch {
        throw TunnelError("\(address)", .transport(error))
      }
      var greeting = Greeting(connection, number, patience)
      try greeting.say(hello)
      let answer = try greeting.hear()
      guard answer.connection == hello.connection, answer.connectionCount == hello.connectionCount,
        answer.secret == secret
      else {
        throw greeting.malformed(
          expected: "the answer to connection \(number) of \(count)",
          found: "that to \(answer.connection) of \(answer.connectionCount)")
      }
      guard
        connection.peerCertificateDigest == connections.first?.peerCertificateDigest
          || connections.isEmpty
      else {
        throw greeting.malformed(
          expected: "the certificate of the first connection", found: "another")
      }
      connections.append(connection)
    }
    return TunnelLinks(.source, connections)
  }

  // MARK: Beside the destination

  /// Waits for a relay and all its connections; `refused` is told of those that are no part of its
  /// tunnel.
  public static func accept(
    _ listener: borrowing Listener, patience: Duration = .seconds(10),
    refused: (TunnelError) -> Void
  ) throws(TunnelError) -> TunnelLinks {
    while true {
      var first: TunnelHello?
      var connections: [Connection?] = []
      var end = ContinuousClock.now + .seconds(3600)
      while first == nil || connections.contains(where: { $0 == nil }) {
        guard let connection = try next(listener, until: end, patience, refused) else { break }
        // Who says nothing must not keep the others out for long.
        var greeting = Greeting(connection, connections.count, min(patience, .seconds(2)))
        do throws(TunnelError) {
          let hello = try greeting.hear()
          try greeting.require(hello, of: first, connections)
          try greeting.say(
            TunnelHello(
              connection: hello.connection, of: hello.connectionCount, secret: hello.secret))
          // Each comes after the one before it was answered.
          end = .now + patience
          if first == nil {
            first = hello
            connections = [Connection?](repeating: nil, count: Int(hello.connectionCount))
          }
          connections[Int(hello.connection)] = connection
        } catch {
          greeting.refuse(error)
          refused(error)
        }
      }
      let all = connections.compactMap(\.self)
      if first != nil, all.count == connections.count {
        return TunnelLinks(.destination, all)
      }
      guard first != nil else { continue }
      let expected = "the \(connections.count) connections of its tunnel"
      refused(
        TunnelError(
          all.first?.peer ?? "",
          .malformed(
            connection: 0, offset: 0, expected: expected,
            found: "\(all.count) after \(patience.components.seconds) s")))
    }
  }

  private static func next(
    _ listener: borrowing Listener, until end: ContinuousClock.Instant, _ patience: Duration,
    _ refused: (TunnelError) -> Void
  ) throws(TunnelError) -> Connection? {
    do throws(TransportError) {
      return try listener.accept(until: end, patience: patience) {
        refused(TunnelError($0.peer, .transport($0)))
      }
    } catch {
      throw TunnelError(error.peer, .transport(error))
    }
  }

  /// Refuses who connects though the tunnel has all its connections.
  static func refuse(_ connection: Connection) {
    let error = TunnelError(
      connection.peer,
      .malformed(
        connection: 0, offset: 0, expected: "nobody, for the tunnel has all its connections",
        found: "another connection"))
    Greeting(connection, 0, .milliseconds(200)).refuse(error)
  }
}

/// The first words on a connection of a tunnel.
private struct Greeting: ~Copyable {
  private let connection: Connection
  private let number: Int
  private let patience: Duration
  private var reader = TunnelBlockReader()

  init(_ connection: Connection, _ number: Int, _ patience: Duration) {
    self.connection = connection
    self.number = number
    self.patience = patience
  }

  func malformed(expected: String, found: String) -> TunnelError {
    TunnelError(
      connection.peer,
      .malformed(
        connection: number, offset: reader.offset, expected: expected, found: found))
  }

  func say(_ hello: TunnelHello) throws(TunnelError) {
    try write(TunnelHello.preamble + Self.bytes(TunnelBlock(.hello), hello.bytes))
  }

  private static func bytes(_ block: TunnelBlock, _ payload: [UInt8]) -> [UInt8] {
    var block = block
    block.payloadByteCount = payload.count
    return block.head(before: payload.span.raw) + payload
  }

  private func write(_ bytes: [UInt8]) throws(TunnelError) {
    do throws(TransportError) {
      try connection.write(bytes.span.raw, RawSpan(), patience: patience)
    } catch {
      throw TunnelError(connection.peer, .transport(error))
    }
  }

  mutating func hear() throws(TunnelError) -> TunnelHello {
    var input = TunnelInput(connection, until: .now + patience, patience)
    let number = number
    let block: TunnelBlock?
    do throws(TunnelBlockReader.Failure<TransportError>) {
      try reader.readPreamble(from: &input)
      block = try reader.next(from: &input)
    } catch {
      throw TunnelError(connection.peer, error.cause(on: number))
    }
    if block?.kind == .abort {
      throw TunnelError(connection.peer, .peer(TunnelError.words(reader.payloadBytes)))
    }
    guard block?.kind == .hello else {
      throw malformed(expected: "hello", found: block == nil ? "the end" : "another block")
    }
    let hello: TunnelHello
    do throws(TunnelDamage) {
      hello = try TunnelHello(parsing: reader.payloadBytes)
    } catch {
      throw malformed(expected: error.expected, found: error.found)
    }
    guard hello.versions.contains(TunnelHello.version) else {
      throw TunnelError(
        connection.peer,
        .version(lowest: hello.versions.lowerBound, highest: hello.versions.upperBound))
    }
    return hello
  }

  /// Throws if a connection is not one of the tunnel that began with `first`.
  func require(
    _ hello: TunnelHello, of first: TunnelHello?, _ connections: [Connection?]
  ) throws(TunnelError) {
    guard let first else {
      guard hello.connection == 0 else {
        throw malformed(
          expected: "connection 0 of a tunnel first", found: "connection \(hello.connection)")
      }
      return
    }
    guard hello.secret == first.secret, hello.connectionCount == first.connectionCount else {
      throw malformed(
        expected: "a connection of the tunnel that was begun", found: "one of another")
    }
    guard connections[Int(hello.connection)] == nil else {
      throw malformed(
        expected: "a connection that is not there", found: "connection \(hello.connection) again")
    }
    guard connection.peerCertificateDigest == connections[0]?.peerCertificateDigest else {
      throw malformed(expected: "the certificate of the first connection", found: "another")
    }
  }

  /// Tells the peer why it is refused, if it listens.
  func refuse(_ error: TunnelError) {
    let text = Array("\(error)".utf8.prefix(1024))
    try? write(TunnelHello.preamble + Self.bytes(TunnelBlock(.abort), text))
    connection.endOutput()
  }
}

/// The bytes of a connection of a tunnel.
struct TunnelInput: ByteSource {
  private let connection: Connection
  private let end: ContinuousClock.Instant?
  private let patience: Duration

  /// What comes, with at most `patience` between any two bytes, and all of it before `end`.
  init(
    _ connection: Connection, until end: ContinuousClock.Instant? = nil, _ patience: Duration
  ) {
    self.connection = connection
    self.end = end
    self.patience = patience
  }

  var name: String { connection.peer }
  var byteCount: UInt64? { nil }

  mutating func read(into span: inout MutableRawSpan) throws(TransportError) -> Int {
    let left = end.map { min(patience, max(.zero, $0 - .now)) } ?? patience
    return try connection.read(into: &span, patience: left)
  }
}

extension TunnelError {
  /// A peer's words as one line.
  static func words(_ bytes: [UInt8]) -> String {
    String(String(decoding: bytes, as: UTF8.self).map { $0.isNewline ? " " : $0 })
  }
}

extension TunnelBlockReader.Failure<TransportError> {
  /// The same on a connection of a tunnel.
  func cause(on connection: Int) -> TunnelError.Cause {
    switch self {
    case .source(let error): .transport(error)
    case .damage(let damage, _) where damage.isCut:
      .transport(TransportError("connection \(connection) of the tunnel", .closed))
    case .damage(let damage, let offset):
      .malformed(
        connection: connection, offset: offset, expected: damage.expected, found: damage.found)
    }
  }
}
