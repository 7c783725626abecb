import ByteIO
import MigrationStream
import StreamIO
import Synchronization

/// What one side of a tunnel has to send: directions with bytes to code, blocks that are coded,
/// and words.
final class TunnelOutbox: Sendable {
  /// A block that is coded.
  struct Coded: Sendable {
    let block: TunnelBlock
    let payload: TunnelMemory
    let choice: CodingController.Choice
    /// How long coding took, if it tells what the level costs.
    let codingTime: Duration?
  }

  /// What a connection is to do next.
  enum Task: Sendable {
    case send(TunnelBlock, payload: [UInt8])
    case sendCoded(Coded)
    /// Send the block as the last one, and end.
    case end(TunnelBlock, payload: [UInt8])
    /// End without a word.
    case leave
  }

  private struct Shared: Sendable {
    // Directions with bytes that may be sent, whose turn comes in this order.
    var streams: [TunnelStream] = []
    var words: [TunnelBlock] = []
    // The latest for each connection of QEMU's, for it stands for those before.
    var credits: [UInt16: TunnelBlock] = [:]
    var coded: [Coded] = []
    var spare: [TunnelMemory] = []
    var isAliveDue: [Bool]
    var controller: CodingController
    var codingCount = 0
    var writingCount = 0
    /// The directions with bytes that are not permitted yet.
    var starvedCount = 0
    var isClosing = false
    var isAborted = false
    var lastWords: String?
    var traffic = TunnelTraffic()
    // Since when things are as they are, from the first byte on.
    var start: Duration?
    var since: Duration = .zero
    // Nothing was sent since these passed.
    var idleTimes = (source: Duration.zero, destination: Duration.zero)

    var hasWork: Bool {
      codingCount + writingCount > 0 || !streams.isEmpty || !coded.isEmpty
    }

    var isDone: Bool { isClosing && !hasWork && starvedCount == 0 }

    /// Takes note of the time that has passed in the state that now ends.
    mutating func pass(to now: Duration) {
      if start != nil, !hasWork {
        if starvedCount > 0 {
          idleTimes.destination += now - since
        } else {
          idleTimes.source += now - since
        }
      }
      since = now
    }
  }

  private let shared: Monitor<Shared>
  private let clock = SystemClock()
  private let connectionCount: Int

  init(connectionCount: Int, threads: ThreadCount) {
    self.connectionCount = connectionCount
    shared = Monitor(
      Shared(
        isAliveDue: [Bool](repeating: false, count: connectionCount),
        controller: CodingController(threadCount: threads, connectionCount: connectionCount)))
  }

  // MARK: In

  /// Adds a direction with bytes that may be sent.
  func add(_ stream: TunnelStream, wasStarved: Bool = false) {
    shared.withLock {
      $0.pass(to: clock.now)
      $0.start = $0.start ?? $0.since
      $0.streams.append(stream)
      if wasStarved { $0.starvedCount -= 1 }
    }
    shared.signal(.work)
  }

  /// Takes note of a direction whose bytes may not be sent yet, or of one that is given up.
  func starve(_ isStarved: Bool = true) {
    shared.withLock {
      $0.pass(to: clock.now)
      $0.starvedCount += isStarved ? 1 : -1
    }
    if !isStarved { wakeAll() }
  }

  /// Says something of a connection of QEMU's, before what is coded.
  func say(_ block: TunnelBlock) {
    shared.withLock {
      if block.kind == .credit {
        $0.credits[block.stream] = block
      } else {
        $0.words.append(block)
      }
    }
    shared.signal(.result)
  }

  /// Has each connection say that this side is alive, unless it says something else.
  func beat() {
    shared.withLock { shared in
      for index in shared.isAliveDue.indices { shared.isAliveDue[index] = true }
    }
    shared.broadcast(.result)
  }

  /// Ends the connections once all has been sent.
  func close() {
    shared.withLock { $0.isClosing = true }
    wakeAll()
  }

  /// Whether this side has nothing more to say.
  var isClosing: Bool { shared.withLock { $0.isClosing } }

  /// Ends the connections at once, with a reason for the other side if it needs one.
  func abort(_ text: String?) {
    shared.withLock {
      guard !$0.isAborted else { return }
      $0.isAborted = true
      $0.lastWords = text
    }
    wakeAll()
  }

  private func wakeAll() {
    shared.broadcast(.work)
    shared.broadcast(.result)
  }

  // MARK: Coding

  /// Waits for a direction with bytes to code; nil at the end.
  func nextStream() -> TunnelStream? {
    shared.wait(for: .work) { shared -> TunnelStream?? in
      if shared.isAborted { return .some(nil) }
      // One more than can be written at a time, so that no connection runs dry.
      if !shared.streams.isEmpty, shared.coded.count <= connectionCount {
        shared.pass(to: clock.now)
        shared.codingCount += 1
        return shared.streams.removeFirst()
      }
      return shared.isDone ? .some(nil) : nil
    }
  }

  /// How bytes are coded.
  func choose(for bytes: borrowing ByteBuffer) -> CodingController.Choice {
    shared.withLock { $0.controller.choose(for: bytes) }
  }

  /// Takes what was coded in `time`; nil if there was nothing.
  func add(_ coded: Coded?, time: Duration) {
    shared.withLock {
      $0.pass(to: clock.now)
      $0.codingCount -= 1
      $0.traffic.codingTime += time
      if let coded { $0.coded.append(coded) }
    }
    shared.signal(.result)
    // At the end, others may wait for this one.
    if coded == nil { wakeAll() }
  }

  /// Memory that was used before, or new one.
  func memory() -> TunnelMemory {
    shared.withLock { $0.spare.popLast() } ?? TunnelMemory()
  }

  /// Takes memory back to use it again.
  func takeBack(_ memory: TunnelMemory) {
    memory.bytes.withLock { $0.removeAll() }
    shared.withLock {
      if $0.spare.count < 2 * connectionCount + 8 { $0.spare.append(memory) }
    }
  }

  // MARK: Writing

  /// Waits for something to send over a connection.
  func nextTask(of connection: Int) -> Task {
    shared.wait(for: .result) { shared -> Task? in
      if shared.isAborted {
        guard let text = shared.lastWords else { return .leave }
        return .end(TunnelBlock(.abort), payload: Array(text.utf8.prefix(1024)))
      }
      if !shared.words.isEmpty { return .send(shared.words.removeFirst(), payload: []) }
      if let credit = shared.credits.popFirst() { return .send(credit.value, payload: []) }
      if !shared.coded.isEmpty {
        shared.pass(to: clock.now)
        shared.writingCount += 1
        return .sendCoded(shared.coded.removeFirst())
      }
      if shared.isDone { return .end(TunnelBlock(.bye), payload: []) }
      guard shared.isAliveDue[connection] else { return nil }
      return .send(TunnelBlock(.alive), payload: [])
    }
  }

  /// Takes note of a block that was taken up to be written.
  func taken() { shared.signal(.work) }

  /// Takes note that a connection has said something.
  func said(by connection: Int) { shared.withLock { $0.isAliveDue[connection] = false } }

  /// Takes note of a block that was written since `start`.
  func wrote(_ coded: Coded, from start: Duration) {
    let payloadByteCount = coded.payload.count
    let isLast = shared.withLock { shared in
      let now = clock.now
      shared.pass(to: now)
      shared.writingCount -= 1
      shared.controller.note(
        coded.choice, codingTime: coded.codingTime,
        storedByteCount: payloadByteCount + TunnelBlock.headByteCount, from: start, to: now)
      shared.traffic.sentByteCount += UInt64(coded.block.byteCount)
      if coded.block.coding == .zstd {
        shared.traffic.compressedByteCount += UInt64(coded.block.byteCount)
      }
      // What has passed idle since the last block was not the end.
      shared.traffic.sourceWaitingTime += shared.idleTimes.source
      shared.traffic.destinationWaitingTime += shared.idleTimes.destination
      shared.idleTimes = (.zero, .zero)
      shared.traffic.sendingTime = now - (shared.start ?? now)
      return shared.isDone
    }
    takeBack(coded.payload)
    if isLast { wakeAll() }
  }

  /// The time by which calls of `wrote` count.
  var now: Duration { clock.now }

  /// What was sent, but for what the connections know.
  var traffic: TunnelTraffic { shared.withLock { $0.traffic } }
}
