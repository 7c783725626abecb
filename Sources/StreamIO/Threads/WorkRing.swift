/// Slots that one thread fills and takes back in their order, while several others work on them.
///
/// The ring is bounded, and its slots are used again: whoever has no vacant one takes the oldest back first. Threads are
/// started as work comes that none is free for, and end with the ring.
final class WorkRing<Slot: AnyObject> {
  /// What the threads share; all but `slots` under the monitor's lock.
  private final class Board {
    let monitor = Monitor()
    let slots: [Slot]
    var isDone: [Bool]
    // Slots are numbered as they are submitted; a number's place in the ring is its remainder.
    var submitted = 0
    var claimed = 0
    var idleCount = 0
    var isStopped = false

    init(_ slots: [Slot]) {
      self.slots = slots
      isDone = [Bool](repeating: false, count: slots.count)
    }

    /// Waits for a slot to work on; nil at the end of the ring.
    func claim() -> Int? {
      monitor.withLock {
        while !isStopped {
          while claimed < submitted {
            let number = claimed
            claimed += 1
            if !isDone[number % slots.count] { return number }
          }
          idleCount += 1
          monitor.wait(for: .work)
          idleCount -= 1
        }
        return nil
      }
    }

    func complete(_ number: Int) {
      monitor.withLock {
        isDone[number % slots.count] = true
        monitor.signal(.result)
      }
    }
  }

  private let board: Board
  private let makeWorker: () -> (Slot) -> Void
  private let threadLimit: Int
  private var threads: [WorkerThread] = []
  // The number of the oldest slot in use, and of the next vacant one.
  private var first = 0
  private var next = 0

  /// A ring of slots with up to `threadCount` threads, each of which calls `makeWorker` once, and what that returns with
  /// one slot after the other.
  ///
  /// There are `spareSlotCount` more slots than can be worked on: one to take back, and others that are filled meanwhile.
  init(
    threadCount: ThreadCount, spareSlotCount: Int = 2, makeSlot: () -> Slot,
    makeWorker: @escaping () -> (Slot) -> Void
  ) {
    board = Board((0..<threadCount.rawValue + spareSlotCount).map { _ in makeSlot() })
    threadLimit = threadCount.rawValue
    self.makeWorker = makeWorker
  }

  deinit {
    board.monitor.withLock {
      board.isStopped = true
      board.monitor.broadcast(.work)
    }
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
    let isAnyoneFree = board.monitor.withLock {
      board.isDone[next % board.slots.count] = !needsWork
      board.submitted += 1
      // The slot that is used again had a number before, which nobody may take for this one.
      board.claimed = max(board.claimed, board.submitted - board.slots.count)
      guard needsWork else { return true }
      board.monitor.signal(.work)
      return board.idleCount > 0
    }
    next += 1
    if !isAnyoneFree && threads.count < threadLimit { startThread() }
  }

  private func startThread() {
    let (board, makeWorker) = (board, makeWorker)
    let thread = WorkerThread {
      let work = makeWorker()
      while let number = board.claim() {
        work(board.slots[number % board.slots.count])
        board.complete(number)
      }
    }
    if let thread { threads.append(thread) }
  }

  /// Whether the oldest slot in use is done.
  var isOldestDone: Bool {
    !isEmpty && board.monitor.withLock { board.isDone[first % board.slots.count] }
  }

  /// The oldest slot in use, once it is done; there must be one.
  func oldest() -> Slot {
    precondition(!isEmpty, "a slot must be submitted first")
    // Where the system has no thread at all, this one does the work.
    if threads.isEmpty { workHere() }
    board.monitor.withLock {
      while !board.isDone[first % board.slots.count] { board.monitor.wait(for: .result) }
    }
    return board.slots[first % board.slots.count]
  }

  private func workHere() {
    let number = board.monitor.withLock {
      let number = first
      board.claimed = max(board.claimed, number + 1)
      return board.isDone[number % board.slots.count] ? nil : number
    }
    guard let number else { return }
    makeWorker()(board.slots[number % board.slots.count])
    board.complete(number)
  }

  /// Makes the oldest slot in use vacant.
  func release() { first += 1 }
}
