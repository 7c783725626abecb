import ByteIO
import Handover
import StreamIO
import TestSupport
import Testing
import Transport

/// Two relays in one process, and sockets in place of the QEMUs.
@Suite struct TunnelTests {
  private let folder = "/tmp/ferry-tunnel-\(UInt64.random(in: 0 ... .max))"
  private static let patience = Duration.seconds(60)

  private func address(_ name: String) -> NetworkAddress { .unix(path: "\(folder)-\(name)") }

  /// What both relays say when the migration is over, while `body` has the way in, and the listener
  /// at its other end.
  private func relayed(
    connectionCount: Int, threads: ThreadCount,
    _ body: (NetworkAddress, borrowing Listener) throws -> Void
  ) throws -> (near: RelayedMigration, far: RelayedMigration) {
    let (front, middle, back) = (address("front"), address("middle"), address("back"))
    let target = try Listener(at: back)
    let near = Monitor<RelayedMigration?>(nil)
    let far = Monitor<RelayedMigration?>(nil)
    let isReady = Monitor(false)
    let farThread = try #require(
      WorkerThread {
        guard let listener = try? Listener(at: middle) else { return }
        isReady.withLock { $0 = true }
        isReady.broadcast(.result)
        guard let links = try? TunnelLinks.accept(listener, refused: { _ in }) else { return }
        var tunnel = RelayTunnel(links)
        tunnel.threads = threads
        let migration = QEMURelay(to: back).run(listener, outOf: tunnel)
        far.withLock { $0 = migration }
      })
    isReady.wait(for: .result) { $0 ? () : nil }
    let links = try TunnelLinks.connect(
      to: middle, count: connectionCount, protection: .thisHostOnly)
    isReady.withLock { $0 = false }
    let nearThread = try #require(
      WorkerThread {
        guard let listener = try? Listener(at: front) else { return }
        isReady.withLock { $0 = true }
        isReady.broadcast(.result)
        var tunnel = RelayTunnel(links)
        tunnel.threads = threads
        let migration = QEMURelay(to: back).run(listener, into: tunnel)
        near.withLock { $0 = migration }
      })
    isReady.wait(for: .result) { $0 ? () : nil }
    try body(front, target)
    nearThread.join()
    farThread.join()
    return (
      try #require(near.withLock { $0 }), try #require(far.withLock { $0 })
    )
  }

  /// Bytes that no coder shrinks, that one does, and that are all alike, in turns.
  private static func content(_ random: inout SplitMix64) -> [UInt8] {
    // Nothing that a channel of QEMU's begins with.
    var bytes: [UInt8] = [0xff]
    for _ in 0..<Int.random(in: 1...8, using: &random) {
      let count = Int.random(in: 1...300_000, using: &random)
      let mask = [0, 0x03, 0xff].randomElement(using: &random) ?? 0
      bytes += (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) & UInt8(mask) }
    }
    return bytes
  }

  @Test(arguments: seeds(6))
  func whatPassesATunnelComesOutAsItWent(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let contents = (0..<Int.random(in: 1...5, using: &random)).map { _ in Self.content(&random) }
    let threads = try #require(ThreadCount(.random(in: 1...3, using: &random)))
    let (near, far) = try relayed(
      connectionCount: .random(in: 1...4, using: &random), threads: threads
    ) { front, target in
      // The connections come out in the order in which they were made, each with its own bytes; the
      // migration is over when none is left.
      let pairs = try contents.map { _ in
        let source = try Connection(to: front, patience: Self.patience)
        return (source, try #require(try target.accept(until: .now + Self.patience)))
      }
      var writers: [WorkerThread] = []
      for (content, (source, arrived)) in zip(contents, pairs) {
        writers.append(
          try #require(
            WorkerThread {
              try? source.write(content.span.raw, RawSpan(), patience: Self.patience)
              source.endOutput()
              // What comes back is what went.
              #expect((try? Self.all(of: source)) == content)
            }))
        writers.append(
          try #require(
            WorkerThread {
              let found = (try? Self.all(of: arrived)) ?? []
              #expect(found == content)
              try? arrived.write(found.span.raw, RawSpan(), patience: Self.patience)
              arrived.endOutput()
            }))
      }
      for writer in writers { writer.join() }
    }
    let sum = UInt64(contents.reduce(0) { $0 + $1.count })
    for migration in [near, far] {
      #expect(migration.failure == nil)
      #expect(migration.byteCount == sum && migration.returnedByteCount == sum)
      #expect(migration.channelCounts == [.opaque: contents.count])
    }
    let (sent, got) = (try #require(near.tunnel), try #require(far.tunnel))
    #expect(sent.sentByteCount == sum && sent.receivedByteCount == sum)
    #expect(sent.sentWireByteCount == got.receivedWireByteCount)
    #expect(sent.receivedWireByteCount == got.sentWireByteCount)
    #expect(sent.limit != nil && sent.connectionCount == got.connectionCount)
  }

  @Test func aSourceThatEndsBeforeItsBytesArePermittedLosesNone() throws {
    var random = SplitMix64(seed: 1)
    // More than a direction may have on its way, which the source ends long before it is read.
    let content = [0xff] + (0..<20 << 20).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let (near, far) = try relayed(connectionCount: 2, threads: .one) { front, target in
      let source = try Connection(to: front, patience: Self.patience)
      let arrived = try #require(try target.accept(until: .now + Self.patience))
      let writer = try #require(
        WorkerThread {
          try? source.write(content.span.raw, RawSpan(), patience: Self.patience)
          source.endOutput()
        })
      let found = try Self.all(of: arrived, pausing: .milliseconds(2))
      #expect(found == content)
      arrived.endOutput()
      writer.join()
      #expect(try Self.all(of: source) == [])
    }
    for migration in [near, far] {
      #expect(migration.failure == nil && migration.byteCount == UInt64(content.count))
    }
  }

  private static func all(
    of connection: Connection, pausing pause: Duration = .zero
  ) throws -> [UInt8] {
    var bytes = ByteBuffer(capacity: 32 << 20)
    while true {
      bytes.reserve(bytes.count + 1 << 16)
      let count = try bytes.fill { (span) throws(TransportError) in
        try connection.read(into: &span, patience: patience)
      }
      if count == 0 { return [UInt8](bytes.bytes) }
      if pause > .zero { SystemClock().sleep(for: pause) }
    }
  }

  @Test func aSourceThatIsCutBreaksBothSides() throws {
    let (near, far) = try relayed(connectionCount: 2, threads: .one) { front, target in
      let source = try Connection(to: front, patience: Self.patience)
      let arrived = try #require(try target.accept(until: .now + Self.patience))
      // The main channel of a migration, which does not end here.
      let start: [UInt8] = Array("QEVM".utf8) + [0, 0, 0, 3, 7]
      try source.write(start.span.raw, RawSpan(), patience: Self.patience)
      var got: [UInt8] = []
      while got.count < start.count {
        var byte = ByteBuffer(capacity: 16)
        _ = try byte.fill { (span) throws(TransportError) in
          try arrived.read(into: &span, patience: Self.patience)
        }
        got += [UInt8](byte.bytes)
      }
      #expect(got == start)
      source.shutDown()
      #expect(try Self.all(of: arrived) == [])
    }
    #expect(near.hasEnded == false && far.hasEnded == false)
    #expect(near.byteCount == 9 && far.byteCount == 9)
  }
}
