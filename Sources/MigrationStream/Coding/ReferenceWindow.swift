/// The kept chunks of a stream that later ones can refer to: those least recently kept or referred
/// to go first.
///
/// Writer and readers keep it by the same rule from the same records, and so agree on what is held.
package struct ReferenceWindow<Content> {
  private struct Entry {
    var device: UInt16
    var byteCount: UInt64
    var content: Content
    /// When it was last kept or referred to.
    var turn: UInt64
  }

  /// What a chunk counts at least: so many small ones take more than their bytes.
  static var leastByteCount: UInt64 { 4096 }

  let byteLimit: UInt64
  private var entries: [UInt32: Entry] = [:]
  private var byteCount: UInt64 = 0
  private var turn: UInt64 = 0
  // Oldest first, from `first` on; a turn that is not its entry's any more is passed over.
  private var turns: [(sequence: UInt32, turn: UInt64)] = []
  private var first = 0

  /// A window for as many state bytes.
  package init(byteCount: UInt64) {
    byteLimit = byteCount
  }

  /// Keeps a chunk by its record's number; gives what goes for it.
  package mutating func keep(
    _ content: Content, sequence: UInt32, device: UInt16, byteCount count: Int
  ) -> [Content] {
    let count = max(UInt64(count), Self.leastByteCount)
    guard count <= byteLimit else { return [] }
    var gone: [Content] = []
    while byteCount > byteLimit - count, let content = removeOldest() { gone.append(content) }
    byteCount += count
    entries[sequence] = Entry(device: device, byteCount: count, content: content, turn: turn)
    take(sequence)
    return gone
  }

  /// Whether a kept chunk with this number is held.
  package func holds(_ sequence: UInt32) -> Bool { entries[sequence] != nil }

  /// The kept chunk of `device` with this number, if it is held.
  package mutating func refer(to sequence: UInt32, device: UInt16) -> Content? {
    guard let entry = entries[sequence], entry.device == device else { return nil }
    take(sequence)
    return entry.content
  }

  private mutating func take(_ sequence: UInt32) {
    turn += 1
    entries[sequence]?.turn = turn
    if turns.count > 2 * entries.count + 64 {
      turns = turns[first...].filter { entries[$0.sequence]?.turn == $0.turn }
      first = 0
    }
    turns.append((sequence, turn))
  }

  private mutating func removeOldest() -> Content? {
    while first < turns.count {
      let (sequence, turn) = turns[first]
      first += 1
      guard let entry = entries[sequence], entry.turn == turn else { continue }
      entries[sequence] = nil
      byteCount -= entry.byteCount
      return entry.content
    }
    return nil
  }
}
