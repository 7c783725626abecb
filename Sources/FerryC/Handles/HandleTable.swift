import Synchronization

/// The objects that callers have handles of.
///
/// A slot's word is the handle of its object, with a bit while the object is in a call; 0 if there
/// is none. So one compare-and-exchange tells a live handle from any other number, and takes the
/// object for this call. No lock is held while a call runs.
final class HandleTable: Sendable {
  static let shared = HandleTable()

  private struct Slot: ~Copyable {
    let word = Atomic<UInt64>(0)
    // Written by whoever changes `word` from or to 0.
    var object: (any HandleObject)?
    var generation: UInt64 = 0
  }

  private struct Vacancies {
    var freed: [Int] = []
  }

  // Never freed, like the table itself. Memory that no handle has reached is not touched.
  nonisolated(unsafe) private let slots: UnsafeMutablePointer<Slot>
  // The slots before it are initialised.
  private let usedCount = Atomic<Int>(0)
  private let vacancies = Mutex(Vacancies())

  private init() {
    slots = .allocate(capacity: Handle.slotCount)
  }

  /// Gives an object a handle, for which it is kept; the number that the caller gets.
  func insert(_ object: some HandleObject) throws(Failure) -> UInt64 {
    guard let slot = vacantSlot() else {
      throw Failure(
        .limit, "at most \(Handle.slotCount) objects at once", found: "as many before this one")
    }
    // SAFETY: the slot is initialised, and nobody else has it: its word is 0.
    return Self.fill(&slots[slot], slot, with: object).rawValue
  }

  private static func fill(
    _ slot: inout Slot, _ index: Int, with object: some HandleObject
  ) -> Handle {
    slot.generation += 1
    slot.object = object
    let handle = Handle(slot: index, kind: type(of: object).kind, generation: slot.generation)
    slot.word.store(handle.rawValue, ordering: .releasing)
    return handle
  }

  private func vacantSlot() -> Int? {
    vacancies.withLock { vacancies in
      if let slot = vacancies.freed.popLast() { return slot }
      let slot = usedCount.load(ordering: .relaxed)
      guard slot < Handle.slotCount else { return nil }
      // SAFETY: the slot lies in the allocation, and was never initialised.
      (slots + slot).initialize(to: Slot())
      usedCount.store(slot + 1, ordering: .releasing)
      return slot
    }
  }

  /// Takes the handle's object for one call, which `release` ends.
  @inline(__always)
  func acquire<Object: HandleObject>(
    _ handle: UInt64, as type: Object.Type
  ) throws(Failure) -> Object {
    let handle = Handle(handle)
    guard handle.kind == Object.kind else { throw Failure(noHandle: handle, of: Object.kind) }
    try take(handle, Object.kind)
    // SAFETY: the slot is initialised and taken; the kind in its word is that of its object.
    return unsafeDowncast(slots[handle.slot].object.unsafelyUnwrapped, to: Object.self)
  }

  private func take(_ handle: Handle, _ kind: HandleKind?) throws(Failure) {
    // The word of an empty slot and of one in a call are numbers that no handle is.
    guard handle.kind != nil, handle.rawValue & Handle.inCall == 0,
      handle.slot < usedCount.load(ordering: .acquiring)
    else {
      throw Failure(noHandle: handle, of: kind)
    }
    // SAFETY: the slot is initialised, and its word is atomic.
    let (isTaken, word) = slots[handle.slot].word.compareExchange(
      expected: handle.rawValue, desired: handle.rawValue | Handle.inCall, ordering: .acquiring)
    if isTaken { return }
    guard word == handle.rawValue | Handle.inCall else {
      throw Failure(noHandle: handle, of: kind)
    }
    throw Failure(.busy, "one call at a time with a handle", found: "another that goes on")
  }

  /// Ends a call with an object.
  @inline(__always)
  func release(_ handle: UInt64) {
    // SAFETY: the caller has acquired the handle, so its slot is initialised.
    slots[Handle(handle).slot].word.store(handle, ordering: .releasing)
  }

  /// Frees the handle's object. Whether its slot can be used again depends on its generation.
  func remove(_ handle: UInt64) throws(Failure) {
    let handle = Handle(handle)
    try take(handle, nil)
    // SAFETY: the slot is initialised and taken.
    let object = slots[handle.slot].object.take()
    // SAFETY: as above.
    slots[handle.slot].word.store(0, ordering: .releasing)
    if handle.generation < Handle.maximumGeneration {
      vacancies.withLock { $0.freed.append(handle.slot) }
    }
    // What an object does when it goes, it does without the lock and without its slot.
    withExtendedLifetime(object) {}
  }
}

extension Failure {
  fileprivate init(noHandle handle: Handle, of kind: HandleKind?) {
    let found =
      if let other = handle.kind {
        other == kind || kind == nil
          ? "one that was freed, or never given" : "that of \(other.name)"
      } else {
        "\(handle.rawValue)"
      }
    self.init(.handle, "the handle of \(kind?.name ?? "an object")", found: found)
  }
}
