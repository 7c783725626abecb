extension LayoutNode {
  /// The items of an array. Of a long one only the first and the last are kept.
  public struct Items: Sendable {
    /// The items at the start, or all of them.
    public var first: [LayoutNode]
    /// The bytes of items that were read and not kept.
    public internal(set) var elided: Range<UInt64>?
    /// The number of items that were not kept.
    public internal(set) var elidedCount: UInt64
    /// The items at the end, if some were not kept.
    public var last: [LayoutNode]

    /// An array of which all items are kept.
    public init(_ items: [LayoutNode]) {
      first = items
      elidedCount = 0
      last = []
    }

    /// The number of all items, kept or not.
    public var count: UInt64 { UInt64(first.count) + elidedCount + UInt64(last.count) }
  }
}

/// The items of an array as they are read: the first so many, then the last few.
struct ItemBuffer {
  private var first: [LayoutNode] = []
  private var last: [LayoutNode] = []
  private var elided: Range<UInt64>?
  private(set) var elidedCount: UInt64 = 0
  private var isFull = false
  private let limit: Int

  private static let lastCount = 4

  init(limit: Int) { self.limit = limit }

  /// Appends the next item; `isFull` if no more should be kept.
  mutating func append(_ node: LayoutNode, isFull: Bool) {
    // Once full, always full: what is left out must be one range.
    self.isFull = self.isFull || isFull && !first.isEmpty || first.count >= limit
    guard self.isFull else {
      first.append(node)
      return
    }
    last.append(node)
    guard last.count > Self.lastCount else { return }
    let range = last.removeFirst().range ?? 0..<0
    elided = (elided?.lowerBound ?? range.lowerBound)..<range.upperBound
    elidedCount += 1
  }

  var items: LayoutNode.Items {
    var items = LayoutNode.Items(first)
    items.elided = elided
    items.elidedCount = elidedCount
    items.last = last
    return items
  }
}

extension LayoutNode {
  // So much of a text, or of bytes, counts as much as a field.
  private static let contentByteCount = 64

  /// What showing the node takes, in fields; at most about `limit`, however much it shares.
  func weight(upTo limit: Int) -> Int {
    var weight = 1
    if let items = list {
      for item in items.first where weight <= limit { weight += item.weight(upTo: limit - weight) }
      for item in items.last where weight <= limit { weight += item.weight(upTo: limit - weight) }
      return weight
    }
    switch content {
    case .integer: break
    case .text(let text): weight += text.utf8.count / Self.contentByteCount
    case .bytes(let payload): weight += (payload.loadedBytes?.count ?? 0) / Self.contentByteCount
    case .record(let fields):
      for field in fields where weight <= limit { weight += field.weight(upTo: limit - weight) }
    case .list: break
    }
    return weight
  }
}
