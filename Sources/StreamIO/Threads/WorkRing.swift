/// Slots that one thread fills and takes back in their order, while several others work on them.
///
/// The ring is bounded, and its slots are used again: whoever has no vacant one takes the oldest back first. Threads are
/// started as work comes that none is free for, and end with the ring. The thread that fills the slots can work on them
/// too, rather than wait for the others.
final class WorkRing<Slot: AnyObject> {
  private enum SlotState { case waiting, claimed, done }

  /// What the threads share; all but `slots` under the monitor's lock.
  private final class Board {
    let monitor = Monitor()
    let slots: [Slot]
    // Slots are numbered as they are submitted; a number's place in the ring is its remainder.
    private var states: [SlotState]
    private var submitted = 0
    // No slot before this one waits.
    private var waiting = 0
    private var idleCount = 0
    private var isStopped = false

    init(_ slots: [Slot]) {
      self.slots = slots
      states = [SlotState](repeating: .done, count: slots.count)
    }

    /// Adds the next slot; whether there is a thread free for it.
    func submit(needsWork: Bool) -> Bool {
      monitor.withLock {
        states[submitted % slots.count] = needsWork ? .waiting : .done
        submitted += 1
        // Those before have been taken back.
        waiting = max(waiting, submitted - slots.count)
        guard needsWork else { return true }
        monitor.signal(.work)
        return idleCount > 0
      }
    }

    func isDone(_ number: Int) -> Bool {
      monitor.withLock { states[number % slots.count] == .done }
    }

    var isAnyWaiting: Bool {
      monitor.withLock {
        (waiting..<submitted).contains { states[$0 % slots.count] == .waiting }
      }
    }

    func waitUntilDone(_ number: Int) {
      monitor.withLock {
        while states[number % slots.count] != .done { monitor.wait(for: .result) }
      }
    }

    /// Waits for a slot to work on, the oldest one; nil at the end of the ring.
    func claimOldest() -> Int? {
      monitor.withLock {
        while !isStopped {
          while waiting < submitted {
            let number = waiting
            waiting += 1
            if claim(number) { return number }
          }
          idleCount += 1
          monitor.wait(for: .work)
          idleCount -= 1
        }
        return nil
      }
    }

    /// The slot to work on that was submitted last, where there is one and slot `number` is not done.
    func claimNewest(unlessDone number: Int) -> Int? {
      monitor.withLock {
        guard states[number % slots.count] != .done else { return nil }
        return (waiting..<submitted).last { claim($0) }
      }
    }

    private func claim(_ number: Int) -> Bool {
      guard states[number % slots.count] == .waiting else { return false }
      states[number % slots.count] = .claimed
      return true
    }

    func complete(_ number: Int) {
      monitor.withLock {
        states[number % slots.count] = .done
        monitor.signal(.result)
      }
    }

    func stop() {
      monitor.withLock {
        isStopped = true
        monitor.broadcast(.work)
      }
    }
  }

  private let board: Board
  private let makeWorker: () -> (Slot) -> Void
  private let isFillerWorking: Bool
  private let threadLimit: Int
  private var threads: [WorkerThread] = []
  // That of the thread that fills the slots.
  private lazy var work = makeWorker()
  // The number of the oldest slot in use, and of the next vacant one.
  private var first = 0
  private var next = 0

  /// A ring of slots for `threadCount` threads, each of which calls `makeWorker` once, and what that returns with one slot
  /// after the other.
  ///
  /// Where `isFillerWorking`, the thread that fills the slots is one of them: so it should be unless it waits for others
  /// meanwhile. There are `spareSlotCount` more slots than can be worked on: one to take back, and others that are filled
  /// meanwhile.
  init(
    threadCount: ThreadCount, isFillerWorking: Bool = true, spareSlotCount: Int = 4,
    makeSlot: () -> Slot, makeWorker: @escaping () -> (Slot) -> Void
  ) {
    board = Board((0..<threadCount.rawValue + spareSlotCount).map { _ in makeSlot() })
    self.isFillerWorking = isFillerWorking
    threadLimit = threadCount.rawValue - (isFillerWorking ? 1 : 0)
    self.makeWorker = makeWorker
  }

  deinit {
    board.stop()
    for thread in threads { thread.join() }
  }

  /// The number of slots in use.
  var count: Int { next - first }
  var isEmpty: Bool { count == 0 }
  var isFull: Bool { count == board.slots.count }

  /// The slot to fill next; there must be one.
  var vacant: Slot {
    precondition(!isFull, "a slot must be released first")
    return board.slots[next % board.slots.count]
  }

  /// Gives the slot that was filled to the threads, or where it `needsWork` no more, only keeps its place.
  func submit(needsWork: Bool = true) {
    let isAnyoneFree = board.submit(needsWork: needsWork)
    next += 1
    if !isAnyoneFree && threads.count < threadLimit { startThread() }
  }

  private func startThread() {
    let (board, makeWorker) = (board, makeWorker)
    let thread = WorkerThread {
      let work = makeWorker()
      while let number = board.claimOldest() {
        work(board.slots[number % board.slots.count])
        board.complete(number)
      }
    }
    if let thread { threads.append(thread) }
  }

  /// Whether the oldest slot in use is done.
  var isOldestDone: Bool { !isEmpty && board.isDone(first) }

  /// Whether a slot waits for a thread to work on it.
  var hasWork: Bool { board.isAnyWaiting }

  /// The oldest slot in use, once it is done; there must be one.
  func oldest() -> Slot {
    precondition(!isEmpty, "a slot must be submitted first")
    // Where the system has no thread at all, this one does the work. What it has filled last is in its caches.
    if isFillerWorking || threads.isEmpty {
      while let number = board.claimNewest(unlessDone: first) {
        work(board.slots[number % board.slots.count])
        board.complete(number)
      }
    }
    board.waitUntilDone(first)
    return board.slots[first % board.slots.count]
  }

  /// Makes the oldest slot in use vacant.
  func release() { first += 1 }
}
