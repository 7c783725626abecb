/// Which bytes of a space belong to what: every byte once, in ascending order.
public struct ConfigSpaceMap: Sendable, Hashable {
  /// The structure that bytes belong to.
  public enum Owner: Sendable, Hashable {
    /// The 64 bytes of the header.
    case header
    /// A capability of either list.
    case capability(Capability)
    /// No capability claims the bytes, and they are zero.
    case zero
    /// No capability claims the bytes, and not all are zero: registers that only the vendor's
    /// driver knows.
    case hidden
    /// The dump leaves them out.
    case unknown
  }

  /// A run of bytes with one owner.
  public struct Entry: Sendable, Hashable {
    /// The bytes of the run, as offsets in the space.
    public let range: Range<Int>
    /// The structure that the run belongs to.
    public let owner: Owner
  }

  /// Every byte of the space once, in ascending order.
  public let entries: [Entry]

  /// If two capabilities claim a byte, it goes to the one that begins later.
  public init(_ space: ConfigSpace, _ list: CapabilityList) {
    let count = space.byteCount
    var owners = [Owner](repeating: .zero, count: count)
    for word in stride(from: 0, to: count, by: 4) {
      let range = word..<min(word &+ 4, count)
      guard space.bytes[range].contains(where: { $0 != 0 }) else { continue }
      for index in range { owners[index] = .hidden }
    }
    for range in space.unknownRanges {
      for index in range { owners[index] = .unknown }
    }
    for index in 0..<min(0x40, count) where owners[index] != .unknown { owners[index] = .header }
    for capability in list.capabilities.sorted(by: { $0.offset < $1.offset }) {
      for index in capability.range.clamped(to: 0..<count) {
        owners[index] = .capability(capability)
      }
    }
    // The word of a byte that a capability owns may have made its neighbours look used.
    for index in 0..<count where owners[index] == .hidden {
      let word = index & ~3
      let isUsed = (word..<min(word &+ 4, count)).contains {
        owners[$0] == .hidden && space.bytes[$0] != 0
      }
      if !isUsed { owners[index] = .zero }
    }
    entries = Self.runs(owners)
  }

  private static func runs(_ owners: [Owner]) -> [Entry] {
    var entries: [Entry] = []
    var start = 0
    for index in owners.indices
    where index &+ 1 == owners.count || owners[index &+ 1] != owners[index] {
      entries.append(Entry(range: start..<index &+ 1, owner: owners[index]))
      start = index &+ 1
    }
    return entries
  }
}
