import ByteIO
import Glibc
import SystemPackage
import Testing
import Transport

@Suite struct ConnectionTests {
  private let path = "/tmp/ferry-transport-\(UInt64.random(in: 0 ... .max))"

  private func read(_ connection: Connection, _ patience: Duration) throws(TransportError)
    -> [UInt8]
  {
    var bytes = [UInt8](repeating: 0, count: 16)
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    let count = try connection.read(into: &raw, patience: patience)
    return Array(bytes.prefix(count))
  }

  private func write(
    _ connection: Connection, _ head: [UInt8], _ body: [UInt8]
  ) throws(TransportError) {
    try connection.write(head.span.raw, body.span.raw, patience: .seconds(5))
  }

  @Test(arguments: ["unix", "tcp"])
  func bytesGoBothWaysAndEnd(kind: String) throws {
    let address: NetworkAddress =
      kind == "unix" ? .unix(path: path) : .tcp(host: "127.0.0.1", port: 0)
    let listener = try Listener(at: address)
    let client = try Connection(to: listener.address, patience: .seconds(5))
    let server = try #require(try listener.accept(until: .now + .seconds(5)))
    #expect(!server.hasInput)
    try write(client, [1, 2], [3])
    try write(server, [4], [])
    var got: [UInt8] = []
    while got.count < 3 { got += try read(server, .seconds(5)) }
    #expect(got == [1, 2, 3])
    #expect(try read(client, .seconds(5)) == [4])
    #expect(client.traffic.sentByteCount == 3 && client.traffic.receivedByteCount == 1)
    #expect(server.traffic.sentByteCount == 1 && server.traffic.receivedByteCount == 3)
    client.endOutput()
    #expect(try read(server, .seconds(5)) == [])
    #expect(server.hasInput)
  }

  @Test func silenceAndFullBuffersEndBySomebodysPatience() throws {
    let listener = try Listener(at: .unix(path: path))
    let client = try Connection(to: listener.address, patience: .seconds(5))
    let server = try #require(try listener.accept(until: .now + .seconds(5)))
    let patience = Duration.milliseconds(20)
    #expect(throws: TransportError("unix:\(path)", .stalled(patience))) {
      try read(client, patience)
    }
    let much = [UInt8](repeating: 0, count: 64 << 20)
    #expect(throws: TransportError("unix:\(path)", .stalled(patience))) {
      try client.write(much.span.raw, RawSpan(), patience: patience)
    }
    // What was waited for is told, and what was sent until then.
    #expect(client.traffic.sendWaitingTime > .zero)
    #expect(client.traffic.receiveWaitingTime > .zero)
    #expect((1..<UInt64(much.count)).contains(client.traffic.sentByteCount))
    server.shutDown()
    #expect(throws: TransportError("unix:\(path)", .closed)) {
      try client.write(much.span.raw, RawSpan(), patience: .seconds(5))
    }
  }

  @Test func aConnectionHoldsNoMoreUnsentThanItIsTold() throws {
    func taken(limit: Int?) throws -> UInt64 {
      let listener = try Listener(at: .tcp(host: "127.0.0.1", port: 0))
      let client = try Connection(to: listener.address, patience: .seconds(5))
      // Nobody reads there, so what is taken lies in the memory of both sides.
      let server = try #require(try listener.accept(until: .now + .seconds(5)))
      if let limit { client.limitUnsent(to: limit) }
      let much = [UInt8](repeating: 0, count: 64 << 20)
      #expect(throws: TransportError.self) {
        try client.write(much.span.raw, RawSpan(), patience: .milliseconds(50))
      }
      return withExtendedLifetime(server) { client.traffic.sentByteCount }
    }
    let (bounded, free) = (try taken(limit: 64 << 10), try taken(limit: nil))
    #expect(bounded < free, "\(bounded) \(free)")
  }

  @Test func anAbandonedSocketIsReplacedAndNothingElseIs() throws {
    do {
      let first = try Listener(at: .unix(path: path))
      #expect(
        throws: TransportError("unix:\(path)", .system(.addressInUse, attempting: "listen"))
      ) { _ = try Listener(at: .unix(path: path)) }
      // The file of one that was killed stays.
      #expect(link(path, path + ".kept") == 0)
      _ = first.address
    }
    #expect(rename(path + ".kept", path) == 0)
    _ = try Listener(at: .unix(path: path))
    let file = try FileDescriptor.open(
      FilePath(path), .writeOnly, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite
    )
    defer { unlink(path) }
    try file.writeAll("a file".utf8)
    try file.close()
    #expect(
      throws: TransportError("unix:\(path)", .system(.addressInUse, attempting: "listen"))
    ) { _ = try Listener(at: .unix(path: path)) }
    var status = stat()
    #expect(lstat(path, &status) == 0 && status.st_size == 6)
  }

  @Test func otherHostsAreRefusedUnlessAskedFor() throws {
    let all = NetworkAddress.tcp(host: "0.0.0.0", port: 0)
    #expect(throws: TransportError("0.0.0.0:0", .insecure)) { _ = try Listener(at: all) }
    _ = try Listener(at: all, protection: .none)
    #expect(throws: TransportError("192.0.2.1:9", .insecure)) {
      _ = try Connection(to: .tcp(host: "192.0.2.1", port: 9), patience: .seconds(1))
    }
    #expect(throws: TransportError.self) {
      _ = try Connection(
        to: .tcp(host: "no.such.host.invalid", port: 9), protection: .none, patience: .seconds(1))
    }
  }
}
