import ByteIO
import MigrationStream
import StreamIO
import Synchronization
import Transport

/// One side of a tunnel at work: it codes and sends what the relay's ends of QEMU's connections
/// have, and gives them what comes.
final class Tunnel: Sendable {
  private struct Shared: Sendable {
    var streams: [UInt16: TunnelStream] = [:]
    /// The connections of QEMU's that the relay has made, or taken.
    var openCount: UInt16 = 0
    var failure: TunnelError?
    var isAborted = false
    var runningCount = 0
    /// The connections whose other side has said its last word.
    var heard: Set<Int> = []
    var receivedByteCount: UInt64 = 0
    /// Of each connection, when the first bytes of QEMU's came, and the last.
    var received: [Int: (first: Moment, last: Moment)] = [:]
  }

  /// When bytes came, and how long a connection had been waited for by then.
  private struct Moment: Sendable {
    let time: ContinuousClock.Instant
    let waited: Duration

    init(_ connection: Connection) {
      time = .now
      waited = connection.traffic.receiveWaitingTime
    }
  }

  private let links: TunnelLinks
  private let patience: Duration
  private let outbox: TunnelOutbox
  private let budget = TunnelBudget()
  private let pulse = TunnelPulse()
  private let shared = Monitor(Shared())

  /// A tunnel over `links`, whose other side is lost after `patience` without a sign of it.
  init(_ links: TunnelLinks, threads: ThreadCount, patience: Duration) {
    self.links = links
    self.patience = patience
    outbox = TunnelOutbox(connectionCount: links.count, threads: threads)
  }

  // MARK: Connections of QEMU's

  /// A further connection of the source's QEMU; nil if there were too many.
  func open() -> TunnelStream? {
    let stream = shared.withLock { shared -> TunnelStream? in
      guard shared.openCount < TunnelBlock.streamLimit, !shared.isAborted,
        shared.heard.count < links.count
      else { return nil }
      defer { shared.openCount += 1 }
      return add(shared.openCount, &shared)
    }
    guard let stream else { return nil }
    outbox.say(TunnelBlock(.open, stream: stream.number))
    return stream
  }

  /// Waits for the next connection of the source's QEMU, in the order in which they were made; nil
  /// if none came in time.
  func accept(patience: Duration) -> TunnelStream? {
    shared.wait(for: .result, patience: patience) { shared in
      guard !shared.isAborted, let stream = shared.streams[shared.openCount] else { return nil }
      shared.openCount += 1
      return stream
    }
  }

  private func add(_ number: UInt16, _ shared: inout Shared) -> TunnelStream {
    let stream = TunnelStream(number, links.side.direction, peer: links.peer, outbox, budget, pulse)
    shared.streams[number] = stream
    if shared.isAborted { stream.shutDown() }
    return stream
  }

  /// The connection of QEMU's that a block is of.
  private func stream(of block: TunnelBlock) throws(TunnelDamage) -> TunnelStream {
    let (stream, isNew) = shared.withLock { shared -> (TunnelStream?, Bool) in
      if let stream = shared.streams[block.stream] { return (stream, false) }
      // Words of a connection may come before that it was made, over another.
      guard links.side == .destination else { return (nil, false) }
      return (add(block.stream, &shared), true)
    }
    if isNew { shared.broadcast(.result) }
    guard let stream else {
      throw TunnelDamage(
        expected: "a connection of QEMU's that was made", found: "number \(block.stream)")
    }
    return stream
  }

  // MARK: Work

  /// Starts to work. `failed` is told what ends the tunnel too early; if it ends by a signal, only
  /// where `goesOn` does not say that it must not.
  func start(
    threads: ThreadCount, failed: @escaping @Sendable (TunnelError) -> Void,
    goesOn: @escaping @Sendable () -> Bool
  ) -> [WorkerThread] {
    var bodies: [@Sendable () -> Void] = []
    for (number, connection) in links.connections.enumerated() {
      connection.goOn(while: goesOn)
      bodies.append { self.send(over: number, failed) }
      bodies.append { self.receive(over: number, failed) }
    }
    for _ in 0..<threads.rawValue { bodies.append { self.code(failed) } }
    shared.withLock { $0.runningCount = bodies.count }
    return bodies.compactMap { body in
      let thread = WorkerThread {
        body()
        self.threadEnded()
      }
      if thread == nil {
        threadEnded()
        fail(.noThread, failed)
      }
      return thread
    }
  }

  private func threadEnded() {
    shared.withLock { $0.runningCount -= 1 }
    shared.broadcast(.work)
  }

  private func fail(_ cause: TunnelError.Cause, _ failed: (TunnelError) -> Void) {
    let error = TunnelError(links.peer, cause)
    let isFirst = shared.withLock { shared in
      defer { shared.failure = shared.failure ?? error }
      return shared.failure == nil
    }
    guard isFirst else { return }
    failed(error)
    if case .peer = cause { abort(nil) } else { abort("\(error)") }
  }

  /// Ends the tunnel before its time, and tells the other side why unless it knows.
  func abort(_ text: String?) {
    let streams = shared.withLock { shared in
      shared.isAborted = true
      return shared.streams.values.map(\.self)
    }
    outbox.abort(text)
    for stream in streams { stream.shutDown() }
  }

  /// Ends the tunnel when all has been sent: waits for the other side as long as that shows a sign
  /// of life, though not for long if the tunnel was ended before its time.
  func finish(_ threads: [WorkerThread], isAborted: Bool) {
    outbox.close()
    if isAborted {
      let patience = min(patience, .seconds(2))
      _ = shared.wait(for: .work, patience: patience) { $0.runningCount == 0 ? () : nil }
    } else {
      shared.wait(for: .work) { $0.runningCount == 0 ? () : nil }
    }
    outbox.abort(nil)
    for connection in links.connections { connection.shutDown() }
    for thread in threads { thread.join() }
  }

  // MARK: The threads

  private func code(_ failed: (TunnelError) -> Void) {
    var coder = TunnelCoder()
    while let stream = outbox.nextStream() {
      guard let (block, content) = stream.takePending() else {
        outbox.add(nil, time: .zero)
        continue
      }
      let start = outbox.now
      let choice = content.bytes.withLock { bytes in outbox.choose(for: bytes) }
      let frame = outbox.memory()
      let coding = content.bytes.withLock { bytes in
        frame.bytes.withLock { coder.code(bytes, at: choice.level, into: &$0) }
      }
      let time = outbox.now - start
      var coded = block
      coded.coding = coding
      // A few bytes take as long as many, and would make the level look slow.
      let isTelling =
        choice.level != nil && coding != .fill && block.byteCount >= TunnelStream.blockByteCount / 8
      outbox.add(
        TunnelOutbox.Coded(
          block: coded, payload: coding == .raw ? content : frame, choice: choice,
          codingTime: isTelling ? time : nil), time: time)
      outbox.takeBack(coding == .raw ? frame : content)
    }
  }

  private func send(over number: Int, _ failed: (TunnelError) -> Void) {
    let connection = links.connections[number]
    // Whatever happens, the other side learns that nothing more comes.
    defer { connection.endOutput() }
    do throws(TransportError) {
      while true {
        switch outbox.nextTask(of: number) {
        case .send(let block, let payload): try write(block, payload.span.raw, connection)
        case .sendCoded(let coded):
          outbox.taken()
          let start = outbox.now
          try write(coded, connection)
          outbox.wrote(coded, from: start)
        case .end(let block, let payload): return try write(block, payload.span.raw, connection)
        case .leave: return
        }
        outbox.said(by: number)
      }
    } catch {
      // Who has ended it may have said why, which the other thread finds unless that has ended.
      let isHeard = shared.withLock { $0.heard.contains(number) }
      if error.cause != .closed || isHeard { fail(.transport(error), failed) }
    }
  }

  private func write(
    _ block: TunnelBlock, _ payload: RawSpan, _ connection: Connection
  ) throws(TransportError) {
    try connection.write(block.head(before: payload).span.raw, payload, patience: patience)
  }

  private func write(
    _ coded: TunnelOutbox.Coded, _ connection: Connection
  ) throws(TransportError) {
    let failure = coded.payload.bytes.withLock { bytes -> TransportError? in
      do throws(TransportError) {
        try write(coded.block, bytes.bytes, connection)
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
  }

  private func receive(over number: Int, _ failed: (TunnelError) -> Void) {
    let connection = links.connections[number]
    var input = TunnelInput(connection, patience)
    var reader = TunnelBlockReader(offset: links.greetingByteCount)
    do throws(TunnelBlockReader.Failure<TransportError>) {
      while let block = try reader.next(from: &input) {
        pulse.beat()
        if block.kind == .bye {
          // Behind its last word there is nothing but the end.
          guard try reader.next(from: &input) == nil else {
            throw .damage(
              TunnelDamage(expected: "the connection's end", found: "another block"),
              at: reader.offset)
          }
          return try requireEnds(number, reader.offset)
        }
        if block.kind == .abort {
          return fail(.peer(TunnelError.words(reader.payloadBytes)), failed)
        }
        let start = reader.offset - UInt64(TunnelBlock.headByteCount + block.payloadByteCount)
        do throws(TunnelDamage) {
          try take(block, &reader)
        } catch {
          throw .damage(error, at: start)
        }
        if block.kind == .data { note(block, over: number) }
      }
      throw .source(TransportError(connection.peer, .closed))
    } catch {
      fail(error.cause(on: number), failed)
    }
  }

  private func note(_ block: TunnelBlock, over number: Int) {
    let moment = Moment(links.connections[number])
    shared.withLock {
      $0.receivedByteCount += UInt64(block.byteCount)
      $0.received[number] = ($0.received[number]?.first ?? moment, moment)
    }
  }

  /// Throws if the other side has said its last word on every connection, but not all bytes of
  /// every direction have come.
  private func requireEnds(
    _ number: Int, _ offset: UInt64
  ) throws(TunnelBlockReader.Failure<TransportError>) {
    let missing = shared.withLock { shared -> UInt16? in
      shared.heard.insert(number)
      guard shared.heard.count == links.count else { return nil }
      return shared.streams.values.first { !$0.isWhole }?.number
    }
    guard let missing, !outbox.isClosing else { return }
    throw .damage(
      TunnelDamage(
        expected: "the end of QEMU's connection \(missing)", found: "the tunnel's"), at: offset)
  }

  private func take(
    _ block: TunnelBlock, _ reader: inout TunnelBlockReader
  ) throws(TunnelDamage) {
    // Credit is about the bytes of who receives it.
    let expected = block.kind == .credit ? links.side.direction : links.side.direction.opposite
    switch block.kind {
    case .alive: break
    case .open: _ = try stream(of: block)
    case .data, .end, .credit:
      guard block.direction == expected else {
        throw TunnelDamage(
          expected: "direction \(expected.rawValue)", found: "\(block.direction.rawValue)")
      }
      let stream = try stream(of: block)
      switch block.kind {
      case .data:
        let content = TunnelMemory(try reader.takeContent(of: block))
        try stream.receive(content, at: block.position, block.byteCount)
      case .end: try stream.receiveEnd(at: block.position)
      default: stream.permit(upTo: block.position)
      }
    case .hello, .abort, .bye:
      throw TunnelDamage(expected: "one hello", found: "another")
    }
  }

  // MARK: Alive

  /// Says to the other side that this one is alive, where nothing else is said.
  func beat() { outbox.beat() }

  /// What has passed.
  var traffic: TunnelTraffic {
    var traffic = outbox.traffic
    traffic.isBesideSource = links.side == .source
    traffic.connectionCount = links.count
    if let first = links.connections.first { traffic.security = first.security }
    let (byteCount, received) = shared.withLock { ($0.receivedByteCount, $0.received.values) }
    traffic.receivedByteCount = byteCount
    for (first, last) in received {
      traffic.receivingTime += (last.time - first.time) / received.count
      traffic.receiveWaitingTime += (last.waited - first.waited) / received.count
    }
    for connection in links.connections {
      let passed = connection.traffic
      traffic.sentWireByteCount += passed.sentByteCount
      traffic.receivedWireByteCount += passed.receivedByteCount
      traffic.linkWaitingTime += passed.sendWaitingTime / links.count
    }
    return traffic
  }
}

/// Codes the bytes of blocks; one serves one thread.
private struct TunnelCoder: ~Copyable {
  private var compressor: ZstdCompressor?

  init() { compressor = nil }

  /// Codes bytes at a level of zstd into `frame`, or finds that they stay as they are.
  mutating func code(
    _ content: borrowing ByteBuffer, at level: Int?, into frame: inout ByteBuffer
  ) -> TunnelBlock.Coding {
    if let byte = content.bytes.fillByte {
      frame.append([byte])
      return .fill
    }
    guard let level else { return .raw }
    if compressor == nil { compressor = ZstdCompressor(level: level) }
    compressor?.setLevel(level)
    // Without memory for a coder, bytes stay as they are.
    let isCoded = compressor?.compress(content.bytes, into: &frame) ?? false
    return isCoded && frame.count < content.count ? .zstd : .raw
  }
}
