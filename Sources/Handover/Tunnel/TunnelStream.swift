import ByteIO
import StreamIO
import Synchronization
import Transport

/// A connection of QEMU's as one end of a tunnel has it: it is read and written as a connection.
final class TunnelStream: Sendable {
  /// Bytes on their way out, up to so many, are one block.
  static let blockByteCount = 128 << 10

  private struct Shared: Sendable {
    // In.
    var order = TunnelOrder<TunnelMemory>()
    var current: TunnelMemory?
    var takenFromCurrent = 0
    // Out.
    var pending: TunnelMemory?
    var pendingCount = 0
    // What was taken to be sent, and how far that may go.
    var position: UInt64 = 0
    var permitted = TunnelBlock.firstCredit
    var isQueued = false
    var isStarved = false
    var hasEnded = false
    /// Whether nothing passes any more, either way.
    var isShut = false
  }

  let peer: String
  let number: UInt16
  private let direction: TunnelBlock.Direction
  private let outbox: TunnelOutbox
  private let budget: TunnelBudget
  private let pulse: TunnelPulse
  // Readers wait for a result, and writers for work to be taken.
  private let shared = Monitor(Shared())

  /// One that sends in `direction`.
  init(
    _ number: UInt16, _ direction: TunnelBlock.Direction, peer: String, _ outbox: TunnelOutbox,
    _ budget: TunnelBudget, _ pulse: TunnelPulse
  ) {
    self.number = number
    self.direction = direction
    self.peer = peer
    self.outbox = outbox
    self.budget = budget
    self.pulse = pulse
    budget.open()
  }

  // MARK: From the tunnel

  /// Takes bytes that came from the other side.
  func receive(_ content: TunnelMemory, at position: UInt64, _ byteCount: Int)
    throws(TunnelDamage)
  {
    try change { (shared) throws(TunnelDamage) in
      // What nobody reads any more was on its way.
      if shared.isShut { return }
      try shared.order.add(content, at: position, byteCount: byteCount)
      guard budget.addPiece() else {
        throw TunnelDamage(expected: "blocks that follow each other", found: "too many small ones")
      }
    }
    shared.signal(.result)
  }

  /// Takes note that the other side sends no more.
  func receiveEnd(at position: UInt64) throws(TunnelDamage) {
    try change { (shared) throws(TunnelDamage) in try shared.order.finish(at: position) }
    shared.signal(.result)
  }

  private func change(
    _ body: (inout Shared) throws(TunnelDamage) -> Void
  ) throws(TunnelDamage) {
    let damage = shared.withLock { shared -> TunnelDamage? in
      do throws(TunnelDamage) {
        try body(&shared)
        return nil
      } catch {
        return error
      }
    }
    if let damage { throw damage }
  }

  /// Takes the other side's word that it takes bytes up to a position.
  func permit(upTo position: UInt64) {
    let wasStarved = shared.withLock { shared in
      // Words pass each other on their way.
      shared.permitted = max(shared.permitted, position)
      guard shared.isStarved, shared.permitted > shared.position else { return false }
      shared.isStarved = false
      shared.isQueued = true
      return true
    }
    if wasStarved { outbox.add(self, wasStarved: true) }
  }

  /// Takes out what is to be coded next: the block, without its coding, and its bytes; nil if there
  /// is nothing any more.
  func takePending() -> (TunnelBlock, TunnelMemory)? {
    let spare = outbox.memory()
    var left = spare
    var starves = false
    let taken = shared.withLock { shared -> (TunnelBlock, TunnelMemory)? in
      shared.isQueued = false
      guard let pending = shared.pending, shared.pendingCount > 0, !shared.isShut else {
        return nil
      }
      var block = TunnelBlock(
        .data, stream: number, direction: direction, position: shared.position)
      block.byteCount = Int(min(UInt64(shared.pendingCount), shared.permitted - shared.position))
      shared.position += UInt64(block.byteCount)
      shared.pendingCount -= block.byteCount
      guard shared.pendingCount > 0 else {
        shared.pending = spare
        left = pending
        return (block, pending)
      }
      // Only the front is permitted.
      pending.bytes.withLock { all in
        spare.bytes.withLock { $0.append(all.bytes.extracting(first: block.byteCount)) }
        all.removeFirst(block.byteCount)
      }
      shared.isStarved = true
      starves = true
      return (block, spare)
    }
    if starves { outbox.starve() }
    if taken == nil { outbox.takeBack(left) }
    shared.signal(.work)
    return taken
  }

  // MARK: From the relay

  func write(_ head: RawSpan, _ body: RawSpan, patience: Duration) throws(TransportError) {
    for bytes in [0, 1] {
      let bytes = bytes == 0 ? head : body
      var count = 0
      while count < bytes.byteCount {
        count += try add(bytes.extracting(count..<bytes.byteCount), patience)
      }
    }
  }

  private func add(_ bytes: RawSpan, _ patience: Duration) throws(TransportError) -> Int {
    enum Found {
      case added(Int, queues: Bool, starves: Bool)
      case shut
    }
    let found = try wait(for: .work, patience) { shared -> Found? in
      if shared.isShut || shared.hasEnded { return .shut }
      let count = min(bytes.byteCount, Self.blockByteCount - shared.pendingCount)
      guard count > 0 else { return nil }
      let pending = shared.pending ?? TunnelMemory()
      shared.pending = pending
      pending.bytes.withLock { $0.append(bytes.extracting(first: count)) }
      shared.pendingCount += count
      guard !shared.isQueued, !shared.isStarved else {
        return .added(count, queues: false, starves: false)
      }
      shared.isQueued = shared.permitted > shared.position
      shared.isStarved = !shared.isQueued
      return .added(count, queues: shared.isQueued, starves: shared.isStarved)
    }
    guard case .added(let count, let queues, let starves) = found else {
      throw TransportError(peer, .closed)
    }
    if queues { outbox.add(self) }
    if starves { outbox.starve() }
    return count
  }

  func read(into span: inout MutableRawSpan, patience: Duration) throws(TransportError) -> Int {
    // What the other side may send then is said without the lock.
    var credit: UInt64?
    let count = try readNow(&span, &credit, patience)
    if let credit {
      outbox.say(
        TunnelBlock(.credit, stream: number, direction: direction.opposite, position: credit))
    }
    return count
  }

  private func readNow(
    _ span: inout MutableRawSpan, _ credit: inout UInt64?, _ patience: Duration
  ) throws(TransportError) -> Int {
    // A closure cannot take what it would change along.
    let found = try wait(for: .result, patience) { shared -> TunnelMemory?? in
      if shared.isShut { return .some(nil) }
      if shared.current == nil { shared.current = shared.order.take() }
      if let current = shared.current { return current }
      return shared.order.isComplete ? .some(nil) : nil
    }
    guard let memory = found else {
      if shared.withLock({ $0.isShut }) { throw TransportError(peer, .closed) }
      return 0
    }
    let start = shared.withLock { $0.takenFromCurrent }
    let (count, whole) = memory.bytes.withLock { bytes in
      let part = bytes.bytes.extracting(start..<bytes.count)
      let count = min(part.byteCount, span.byteCount)
      span.copy(part.extracting(first: count))
      return (count, bytes.count)
    }
    credit = shared.withLock { shared in
      shared.takenFromCurrent += count
      guard shared.takenFromCurrent == whole else { return nil }
      shared.current = nil
      shared.takenFromCurrent = 0
      let left = Int(shared.order.permitted - shared.order.next)
      // The word of the end overtakes bytes that still want permission.
      let wantsMore = shared.order.end.map { shared.order.permitted < $0 } ?? true
      let more = budget.take(whole, left: left, wantsMore: wantsMore)
      guard more > 0 else { return nil }
      shared.order.permit(UInt64(more))
      return shared.order.permitted
    }
    return count
  }

  private func wait<Result>(
    for condition: Monitor<Shared>.Condition, _ patience: Duration,
    until body: (inout Shared) -> Result?
  ) throws(TransportError) -> Result {
    var left = patience
    while true {
      let step = min(left, .seconds(1))
      if let result = shared.wait(for: condition, patience: step, until: body) { return result }
      if Interruption.isRequested { throw TransportError(peer, .interrupted) }
      left -= step
      if left <= .zero { throw TransportError(peer, .stalled(patience)) }
    }
  }

  func endOutput() {
    let end = shared.withLock { shared -> UInt64? in
      guard !shared.hasEnded, !shared.isShut else { return nil }
      shared.hasEnded = true
      return shared.position + UInt64(shared.pendingCount)
    }
    guard let end else { return }
    outbox.say(TunnelBlock(.end, stream: number, direction: direction, position: end))
  }

  func shutDown() {
    let wasStarved = shared.withLock { shared in
      guard !shared.isShut else { return false }
      shared.isShut = true
      budget.close(shared.order.withdraw())
      defer { shared.isStarved = false }
      return shared.isStarved
    }
    if wasStarved { outbox.starve(false) }
    shared.broadcast(.work)
    shared.broadcast(.result)
  }

  /// Longer than between two signs of the other side, and shorter than a silence that tells.
  private static let outage = Duration.seconds(9)

  var isHeard: Bool { pulse.silence < Self.outage }

  /// Whether everything up to the direction's end has come, or nothing passes any more.
  var isWhole: Bool { shared.withLock { $0.order.isWhole || $0.isShut } }
}
