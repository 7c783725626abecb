/// One direction of a connection of QEMU's at its receiver: what came over whichever connection of
/// the tunnel, put into its order.
public struct TunnelOrder<Content: Sendable>: Sendable {
  private struct Piece: Sendable {
    let position: UInt64
    let byteCount: Int
    let content: Content
    var end: UInt64 { position + UInt64(byteCount) }
  }

  // In their order, and all behind `next`.
  private var pieces: [Piece] = []
  /// The position of the next byte that is to be taken.
  public private(set) var next: UInt64 = 0
  /// How far the sender may go.
  public private(set) var permitted: UInt64
  /// The position behind the last byte; nil if the sender has not ended.
  public private(set) var end: UInt64?

  /// A direction of which nothing has come.
  public init(permitted: UInt64 = TunnelBlock.firstCredit) { self.permitted = permitted }

  /// The pieces that wait for others before them, or to be taken.
  public var pieceCount: Int { pieces.count }

  /// Whether all was taken that there will be.
  public var isComplete: Bool { next == end }

  /// Whether every byte up to the end has come, taken or not.
  public var isWhole: Bool {
    end == pieces.reduce(next) { $0 + UInt64($1.byteCount) }
  }

  /// Lets the sender send so many bytes more.
  public mutating func permit(_ byteCount: UInt64) { permitted += byteCount }

  /// Adds what came; bytes that came before, that go beyond the permission, or that lie behind the
  /// end are refused.
  public mutating func add(
    _ content: Content, at position: UInt64, byteCount: Int
  ) throws(TunnelDamage) {
    let piece = Piece(position: position, byteCount: byteCount, content: content)
    guard piece.end <= permitted else {
      throw TunnelDamage(
        expected: "bytes up to position \(permitted)", found: "some up to \(piece.end)")
    }
    guard end.map({ piece.end <= $0 }) ?? true else {
      throw TunnelDamage(
        expected: "bytes up to the end at position \(end ?? 0)", found: "some up to \(piece.end)")
    }
    var low = 0
    var high = pieces.count
    while low < high {
      let middle = (low + high) / 2
      if pieces[middle].position < position { low = middle + 1 } else { high = middle }
    }
    let before = low > 0 ? pieces[low - 1].end : next
    guard position >= before, low == pieces.count || piece.end <= pieces[low].position else {
      throw TunnelDamage(
        expected: "bytes that have not come", found: "some at position \(position) that have")
    }
    pieces.insert(piece, at: low)
  }

  /// Notes where the direction ends.
  public mutating func finish(at position: UInt64) throws(TunnelDamage) {
    guard end == nil else {
      throw TunnelDamage(expected: "one end of a direction", found: "another")
    }
    guard position >= pieces.last?.end ?? next else {
      throw TunnelDamage(
        expected: "an end behind position \(pieces.last?.end ?? next)", found: "one at \(position)")
    }
    end = position
  }

  /// Takes everything out, because nobody will: the bytes that the sender was permitted, and the
  /// pieces that had come.
  mutating func withdraw() -> (byteCount: Int, pieceCount: Int) {
    defer { pieces = [] }
    return (Int(permitted - next), pieces.count)
  }

  /// Takes the next piece out, if it has come.
  public mutating func take() -> Content? {
    guard let first = pieces.first, first.position == next else { return nil }
    next = first.end
    return pieces.removeFirst().content
  }
}
