/// The items of an array as they are read: the first so many, then the last few.
struct KeptItems {
  private var first: [LayoutNode] = []
  private var last: [LayoutNode] = []
  private var elided: Range<UInt64>?
  private(set) var elidedCount: UInt64 = 0
  private var isFull = false
  private let limit: Int

  private static let lastCount = 4

  init(limit: Int) { self.limit = limit }

  /// Takes the next item; `isFull` where no more should be kept.
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
