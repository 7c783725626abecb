import ByteIO
import Glibc
import Testing
import Transport

@Suite(.enabled(if: TLSCredentials.isBuiltIn, "this build has no TLS"))
struct TLSTests: Sendable {
  private let certificates: Certificates

  init() throws {
    certificates = try Certificates()
    try certificates.make("target", "DNS:target.example", "IP:127.0.0.1", "URI:ferry://target")
    try certificates.make("source", "DNS:source.example", "IP:2001:db8::7")
  }

  private let patience = Duration.seconds(5)

  /// What a listener made of the first to come.
  private enum Arrival {
    case connection(Connection)
    case refused(TransportError)
  }

  /// Connects two sides, each with an expectation of the other's names.
  private func connect(
    source: String = "source", expects: [String] = ["target.example"], target: String = "target",
    allows: [String]? = nil, sourceAuthority: String = "ca", targetAuthority: String = "ca"
  ) throws -> (source: Result<Connection, TransportError>, target: Arrival) {
    let listener = try Listener(
      at: .tcp(host: "127.0.0.1", port: 0),
      protection: .tls(
        certificates.credentials(target, authority: targetAuthority),
        names: allows?.map(PeerName.init(parsing:))))
    let protection = Protection.tls(
      try certificates.credentials(source, authority: sourceAuthority),
      names: try expects.map(PeerName.init(parsing:)))
    let address = listener.address
    let client = Background { () -> Result<Connection, TransportError> in
      Result { () throws(TransportError) in
        try Connection(to: address, protection: protection, patience: .seconds(5))
      }
    }
    var refusal: TransportError?
    var accepted: Connection?
    let end = ContinuousClock.now + .seconds(10)
    while accepted == nil, refusal == nil, .now < end {
      accepted = try listener.accept(until: .now + .milliseconds(20), patience: patience) {
        refusal = $0
      }
    }
    let arrival: Arrival
    if let accepted {
      arrival = .connection(accepted)
    } else {
      arrival = .refused(try #require(refusal))
    }
    return (try #require(client.result), arrival)
  }

  private func read(_ connection: Connection) throws(TransportError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 100_000)
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    let count = try connection.read(into: &raw, patience: patience)
    return Array(bytes.prefix(count))
  }

  private func write(_ connection: Connection, _ bytes: [UInt8]) throws(TransportError) {
    try connection.write(RawSpan(), bytes.span.raw, patience: patience)
  }

  private func pair() throws -> (source: Connection, target: Connection) {
    let (source, target) = try connect()
    guard case .connection(let accepted) = target else {
      throw TransportError("target", .closed)
    }
    return (try source.get(), accepted)
  }

  @Test func bothSidesKnowEachOthersNames() throws {
    let (source, target) = try pair()
    #expect(
      source.security
        == .tls13(
          peerNames: try ["target.example", "127.0.0.1", "ferry://target"].map(
            PeerName.init(parsing:))))
    #expect(
      target.security
        == .tls13(peerNames: try ["source.example", "2001:db8::7"].map(PeerName.init(parsing:))))
  }

  /// Both sides talk at once, each with a thread that writes and one that reads.
  @Test func bytesGoBothWaysAtOnceAndEnd() throws {
    let (source, target) = try pair()
    #expect(!source.hasInput && !target.hasInput)
    let byteCount = 16 << 20
    let writers = [source, target].map { connection in
      Background { () -> TransportError? in
        var sent = 0
        while sent < byteCount {
          let head = (sent..<sent + 7).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
          let count = min(byteCount - sent - 7, 1 + sent % 200_000)
          let body = (sent + 7..<sent + 7 + count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
          do throws(TransportError) {
            try connection.write(head.span.raw, body.span.raw, patience: .seconds(20))
          } catch {
            return error
          }
          sent += 7 + count
        }
        connection.endOutput()
        return nil
      }
    }
    let readers = [source, target].map { connection in
      Background { () -> Result<Int, TransportError> in
        var bytes = [UInt8](repeating: 0, count: 300_000)
        var offset = 0
        do throws(TransportError) {
          while true {
            var span = bytes.mutableSpan
            var raw = span.mutableBytes
            let count = try connection.read(into: &raw, patience: .seconds(20))
            if count == 0 { return .success(offset) }
            for index in 0..<count
            where bytes[index] != UInt8(truncatingIfNeeded: (offset + index) &* 31 >> 3) {
              return .success(-(offset + index))
            }
            offset += count
          }
        } catch {
          return .failure(error)
        }
      }
    }
    for writer in writers { #expect(try #require(writer.result) == nil) }
    for reader in readers { #expect(try #require(reader.result).get() >= byteCount) }
    #expect(source.hasInput && target.hasInput)
  }

  @Test func oneSideEndsAndTheOtherGoesOn() throws {
    let (source, target) = try pair()
    try write(source, [1, 2])
    source.endOutput()
    #expect(try read(target) == [1, 2])
    #expect(try read(target) == [])
    try write(target, [3])
    #expect(try read(source) == [3])
    target.endOutput()
    #expect(try read(source) == [])
  }

  @Test func anEndComesThroughAFullSocket() throws {
    let (source, target) = try pair()
    let reader = Background { () -> Result<Int, TransportError> in
      // By then the socket is full, and the source waits to say that this was all.
      usleep(200_000)
      return Result { () throws(TransportError) in
        var count = 0
        while true {
          let found = try read(target).count
          if found == 0 { return count }
          count += found
        }
      }
    }
    var sent = 0
    let part = [UInt8](repeating: 7, count: 16000)
    do throws(TransportError) {
      while true {
        try source.write(part.span.raw, RawSpan(), patience: .zero)
        sent += part.count
      }
    } catch {
      // What did not fit is still to go.
      #expect(error.cause == .stalled(.zero))
      sent += part.count
    }
    source.endOutput()
    #expect(try #require(reader.result).get() == sent)
  }

  @Test func aCutIsNoEnd() throws {
    let (source, target) = try pair()
    try write(source, [1])
    source.shutDown()
    #expect(try read(target) == [1])
    #expect(throws: TransportError(target.peer, .tls(.cut))) { try read(target) }
    #expect(target.hasInput)
  }

  @Test func aConnectionThatGoesIsAnEnd() throws {
    var (source, target): (Connection?, Connection) = try pair()
    source = nil
    _ = source
    #expect(try read(target) == [])
  }

  @Test func silenceAndFullBuffersEndBySomebodysPatience() throws {
    let (source, target) = try pair()
    let short = Duration.milliseconds(20)
    #expect(throws: TransportError(source.peer, .stalled(short))) {
      var bytes = [UInt8](repeating: 0, count: 16)
      var span = bytes.mutableSpan
      var raw = span.mutableBytes
      _ = try source.read(into: &raw, patience: short)
    }
    let much = [UInt8](repeating: 0, count: 64 << 20)
    #expect(throws: TransportError(source.peer, .stalled(short))) {
      try source.write(much.span.raw, RawSpan(), patience: short)
    }
    target.shutDown()
    #expect(throws: TransportError.self) {
      try source.write(much.span.raw, RawSpan(), patience: patience)
    }
  }

  private func expect(
    _ found: Result<Connection, TransportError>, _ cause: TransportError.Cause
  ) {
    let error = #expect(throws: TransportError.self) {
      // A certificate of the source's is refused behind the handshake.
      let connection = try found.get()
      while true { if try read(connection).isEmpty { return } }
    }
    #expect(error?.cause == cause)
  }

  private func expect(_ found: Arrival, _ cause: TransportError.Cause) {
    guard case .refused(let error) = found else {
      Issue.record("expected a refusal")
      return
    }
    #expect(error.cause == cause)
  }

  private func certificate(_ expected: String, _ found: String) -> TransportError.Cause {
    .tls(.certificate(expected: expected, found: found))
  }

  private var fromAuthority: String {
    "a certificate of an authority in \(certificates.path("ca.pem"))"
  }

  @Test func aSourceWithAnotherNameIsToldSo() throws {
    let (source, target) = try connect(allows: ["target.example", "10.0.0.1"])
    expect(
      target,
      certificate(
        "a certificate with the name DNS:target.example or IP:10.0.0.1",
        "DNS:source.example, IP:2001:db8::7"))
    expect(source, .tls(.alert(80)))
    let (_, allowed) = try connect(allows: ["10.0.0.1", "2001:DB8::7"])
    guard case .connection = allowed else {
      Issue.record("expected the address in another form to be allowed")
      return
    }
  }

  @Test(arguments: ["example", "x.target.example", "::1", "ferry://Target", "127.0.0.2"])
  func aTargetWithAnotherNameIsToldSo(name: String) throws {
    let (source, target) = try connect(expects: [name])
    expect(
      source,
      certificate(
        "a certificate with the name \(try PeerName(parsing: name))",
        "DNS:target.example, IP:127.0.0.1, URI:ferry://target"))
    expect(target, .tls(.alert(80)))
  }

  @Test func wildcardsAndCommonNamesNameNobody() throws {
    try certificates.make("wild", "DNS:*.example")
    let (wild, _) = try connect(expects: ["target.example"], target: "wild")
    expect(wild, certificate("a certificate with the name DNS:target.example", "DNS:*.example"))
    try certificates.make("target.example")
    let (common, _) = try connect(expects: ["target.example"], target: "target.example")
    expect(
      common,
      certificate(
        "a certificate with the name DNS:target.example",
        "one without a name (subject alternative name: DNS, IP or URI): target.example"))
  }

  @Test func timesAndAuthoritiesAreHeldAgainstBothSides() throws {
    let times = [
      (
        "old", "-startdate 20200101000000Z -enddate 20200102030405Z",
        "which expired at 2020-01-02T03:04:05Z"
      ),
      (
        "early", "-startdate 21200101000000Z -enddate 21200102000000Z",
        "which is not valid before 2120-01-01T00:00:00Z"
      ),
    ]
    for (name, times, found) in times {
      try certificates.make(name, "DNS:target.example", times: times)
      let byTarget = try connect(source: name)
      expect(byTarget.target, certificate(fromAuthority, "\(name), \(found)"))
      expect(byTarget.source, .tls(.alert(45)))
      let bySource = try connect(target: name)
      expect(bySource.source, certificate(fromAuthority, "\(name), \(found)"))
      expect(bySource.target, .tls(.alert(45)))
    }
    try certificates.make("stranger", "DNS:target.example", authority: "other")
    for (name, found) in [
      ("stranger", "stranger by other"), ("other", "other, which has signed itself"),
    ] {
      let byTarget = try connect(source: name, sourceAuthority: "ca")
      expect(byTarget.target, certificate(fromAuthority, found))
      expect(byTarget.source, .tls(.alert(48)))
      let bySource = try connect(target: name)
      expect(bySource.source, certificate(fromAuthority, found))
      expect(bySource.target, .tls(.alert(48)))
    }
  }

  @Test func sidesWithoutTLSAreToldSo() throws {
    let credentials = try certificates.credentials("target")
    let listener = try Listener(
      at: .tcp(host: "127.0.0.1", port: 0), protection: .tls(credentials, names: nil))
    let plain = try Connection(to: listener.address, patience: patience)
    try write(plain, [UInt8](repeating: 0x46, count: 100))
    var refusals: [TransportError] = []
    let end = ContinuousClock.now + patience
    while refusals.isEmpty, .now < end {
      _ = try listener.accept(until: .now + .milliseconds(20)) { refusals.append($0) }
    }
    #expect(
      refusals.map(\.cause) == [
        .tls(
          .handshake(expected: "a peer with TLS 1.3", found: "one without (wrong version number)"))
      ])
    let plainListener = try Listener(at: .tcp(host: "127.0.0.1", port: 0))
    let address = plainListener.address
    let client = Background {
      #expect(throws: TransportError.self) {
        try Connection(
          to: address, protection: .tls(credentials, names: nil), patience: .seconds(5))
      }
    }
    _ = try plainListener.accept(until: .now + patience)
    #expect(
      (client.result ?? nil)?.cause
        == .tls(
          .handshake(
            expected: "a TLS handshake", found: "the connection's end: the peer may have no TLS")))
  }

  @Test func silentPeersDoNotKeepOthersOut() throws {
    let listener = try Listener(
      at: .tcp(host: "127.0.0.1", port: 0),
      protection: .tls(certificates.credentials("target"), names: nil))
    let address = listener.address
    let protection = Protection.tls(try certificates.credentials("source"), names: nil)
    let client = Background { () -> (silent: [Connection], last: Connection?) in
      // As many as wait for nothing, and one that means it.
      let silent = (0..<70).compactMap { _ in try? Connection(to: address, patience: .seconds(10)) }
      return (silent, try? Connection(to: address, protection: protection, patience: .seconds(10)))
    }
    var refused = 0
    let accepted = try listener.accept(until: .now + .seconds(20), patience: .seconds(60)) { _ in
      refused += 1
    }
    #expect(accepted != nil && refused == 70 + 1 - 64)
    let connections = try #require(client.result)
    #expect(connections.silent.count == 70 && connections.last != nil)
  }

  @Test func credentialsThatWillNotDoAreNamed() throws {
    #expect(chmod(certificates.path("source.key"), 0o640) == 0)
    let open = #expect(throws: TLSCredentials.LoadError.self) {
      try certificates.credentials("source")
    }
    #expect(open?.file == certificates.path("source.key"))
    #expect(open?.expected == "a key that only its owner may read (mode 600)")
    #expect(open?.found == "mode 640")
    #expect(chmod(certificates.path("source.key"), 0o600) == 0)
    #expect(throws: TLSCredentials.LoadError.self) {
      try certificates.credentials("nobody")
    }
    let mixed = #expect(throws: TLSCredentials.LoadError.self) {
      try TLSCredentials(
        certificate: certificates.path("source.pem"), key: certificates.path("target.key"),
        authority: certificates.path("ca.pem"))
    }
    #expect(mixed?.expected == "the key of the certificate in \(certificates.path("source.pem"))")
    let empty = #expect(throws: TLSCredentials.LoadError.self) {
      try TLSCredentials(
        certificate: certificates.path("source.pem"), key: certificates.path("source.key"),
        authority: certificates.path("ca.key"))
    }
    #expect(empty?.file == certificates.path("ca.key"))
  }
}
