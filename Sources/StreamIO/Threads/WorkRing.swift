private import Synchronization

/// Slots that one thread fills and takes back in their order, while several others work on them.
///
/// The ring is bounded, and its slots are used again: whoever has no vacant one takes the oldest
/// back first. Threads are started as work comes that none is free for, and end with the ring. The
/// thread that fills the slots can work on them too, rather than wait for the others.
final class WorkRing<Slot: ~Copyable & Sendable> {
  /// What a thread calls for one slot after the other.
  typealias Worker = (inout Slot) -> Void

  private let board: Board
  private let makeWorker: @Sendable () -> Worker
  private let submitterWorks: Bool
  private let threadLimit: Int
  private var threads: [WorkerThread] = []
  // For the thread that fills the slots.
  private lazy var work = makeWorker()
  // The number of the oldest slot in use, and of the next vacant one.
  private var first = 0
  private var next = 0

  /// A ring of slots for `threadCount` threads, each of which calls `makeWorker` once, and what
  /// that returns with one slot after the other.
  ///
  /// - Parameters:
  ///   - submitterWorks: whether the thread that fills the slots is one of them. Pass false if it
  ///     waits for others meanwhile.
  ///   - extraSlots: how many more slots there are than can be worked on: one to take back, and
  ///     others to fill meanwhile.
  init(
    threadCount: ThreadCount, submitterWorks: Bool = true, extraSlots: Int = 4,
    makeSlot: () -> Slot, makeWorker: @escaping @Sendable () -> Worker
  ) {
    board = Board((0..<threadCount.rawValue + extraSlots).map { _ in Cell(makeSlot()) })
    self.submitterWorks = submitterWorks
    threadLimit = threadCount.rawValue - (submitterWorks ? 1 : 0)
    self.makeWorker = makeWorker
  }

  deinit {
    board.stop()
    for thread in threads { thread.join() }
  }

  /// The number of slots in use.
  var count: Int { next - first }
  var isEmpty: Bool { count == 0 }
  var isFull: Bool { count == board.cells.count }

  /// Fills a vacant slot, of which there must be one, and gives it to the threads if `body` says
  /// that it needs work; else it only keeps its place.
  func fill(_ body: (inout Slot) -> Bool) {
    precondition(!isFull, "a slot must be taken back first")
    let needsWork = board[next].slot.withLock { body(&$0) }
    let isAnyoneFree = board.submit(needsWork: needsWork)
    next += 1
    if !isAnyoneFree && threads.count < threadLimit { startThread() }
  }

  private func startThread() {
    let (board, makeWorker) = (board, makeWorker)
    let thread = WorkerThread {
      let work = makeWorker()
      while let number = board.claimOldest() { board.work(on: number, work) }
    }
    if let thread { threads.append(thread) }
  }

  /// Whether the oldest slot in use is done.
  var isOldestDone: Bool { !isEmpty && board.isDone(first) }

  /// Whether a slot waits for a thread to work on it.
  var hasWork: Bool { board.isAnyWaiting }

  /// Takes back the oldest slot in use, of which there must be one, once it is done.
  func takeOldest<Result: Sendable>(_ body: (inout Slot) -> Result) -> Result {
    precondition(!isEmpty, "a slot must be filled first")
    // If the system has no thread at all, this one does the work. What it has filled last is in its
    // caches.
    if submitterWorks || threads.isEmpty {
      while let number = board.claimNewest(unlessDone: first) { board.work(on: number, work) }
    }
    board.waitUntilDone(first)
    defer { first += 1 }
    return board[first].slot.withLock { body(&$0) }
  }
}

extension WorkRing where Slot: ~Copyable {
  /// A slot in its place. Whoever has claimed it finds the lock free: it is there for the compiler,
  /// which so knows that a slot has one user.
  private final class Cell: Sendable {
    let slot: Mutex<Slot>
    init(_ slot: consuming sending Slot) { self.slot = Mutex(slot) }
  }

  /// What the threads share.
  private final class Board: Sendable {
    let cells: [Cell]
    private let ledger: Monitor<Ledger>

    init(_ cells: [Cell]) {
      self.cells = cells
      ledger = Monitor(Ledger(slotCount: cells.count))
    }

    subscript(number: Int) -> Cell { cells[number % cells.count] }

    /// Adds the next slot; whether there is a thread free for it.
    func submit(needsWork: Bool) -> Bool {
      let isAnyoneIdle = ledger.withLock { ledger in
        ledger.submit(needsWork: needsWork)
        return ledger.idleCount > 0
      }
      guard needsWork else { return true }
      ledger.signal(.work)
      return isAnyoneIdle
    }

    func isDone(_ number: Int) -> Bool { ledger.withLock { $0[number] == .done } }

    var isAnyWaiting: Bool { ledger.withLock { $0.isAnyWaiting } }

    func waitUntilDone(_ number: Int) {
      ledger.wait(for: .result) { $0[number] == .done ? () : nil }
    }

    /// Waits for a slot to work on, the oldest one; nil at the end of the ring.
    func claimOldest() -> Int? {
      var isIdle = false
      let claim = ledger.wait(for: .work) { ledger -> Claim? in
        if isIdle { ledger.idleCount -= 1 }
        isIdle = false
        if ledger.isStopped { return .end }
        if let number = ledger.claimOldest() { return .slot(number) }
        ledger.idleCount += 1
        isIdle = true
        return nil
      }
      guard case .slot(let number) = claim else { return nil }
      return number
    }

    private enum Claim {
      case slot(Int)
      case end
    }

    /// The slot to work on that was submitted last, unless slot `number` is done.
    func claimNewest(unlessDone number: Int) -> Int? {
      ledger.withLock { $0[number] == .done ? nil : $0.claimNewest() }
    }

    /// Works on a slot that was claimed.
    func work(on number: Int, _ work: Worker) {
      self[number].slot.withLock { work(&$0) }
      ledger.withLock { $0[number] = .done }
      ledger.signal(.result)
    }

    func stop() {
      ledger.withLock { $0.isStopped = true }
      ledger.broadcast(.work)
    }
  }

  /// How far each slot is.
  private struct Ledger: Sendable {
    enum State { case waiting, claimed, done }

    // Slots are numbered as they are submitted; a number's place in the ring is its remainder.
    private var states: [State]
    private var submitted = 0
    // No slot before this one waits.
    private var waiting = 0
    var idleCount = 0
    var isStopped = false

    init(slotCount: Int) {
      states = [State](repeating: .done, count: slotCount)
    }

    subscript(number: Int) -> State {
      get { states[number % states.count] }
      set { states[number % states.count] = newValue }
    }

    mutating func submit(needsWork: Bool) {
      self[submitted] = needsWork ? .waiting : .done
      submitted += 1
      // Those before have been taken back.
      waiting = max(waiting, submitted - states.count)
    }

    var isAnyWaiting: Bool { (waiting..<submitted).contains { self[$0] == .waiting } }

    mutating func claimOldest() -> Int? {
      while waiting < submitted, self[waiting] != .waiting { waiting += 1 }
      return waiting < submitted ? claim(waiting) : nil
    }

    mutating func claimNewest() -> Int? {
      (waiting..<submitted).last { self[$0] == .waiting }.map { claim($0) }
    }

    private mutating func claim(_ number: Int) -> Int {
      self[number] = .claimed
      return number
    }
  }
}
