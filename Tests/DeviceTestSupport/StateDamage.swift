package import StateLayout
package import TestSupport

/// Ways in which a state comes to harm, drawn by a seed: bits and fields that are others, and
/// pieces that are lost, twice or in one another's place, also such that all counts and lengths
/// agree.
package struct StateDamage {
  private let state: [UInt8]
  private let tree: LayoutTree
  /// Where fields lie, those with fields in them too.
  private var fields: [Range<Int>] = []
  /// The paths of lists with items.
  private var lists: [String] = []

  package init(_ state: [UInt8], of layout: Layout) {
    self.state = state
    tree = layout.dissect(state)
    collect(tree.root, at: "")
  }

  private mutating func collect(_ node: LayoutNode, at path: String) {
    if let range = node.range, !range.isEmpty, !path.isEmpty {
      fields.append(Int(range.lowerBound)..<Int(range.upperBound))
    }
    for field in node.fields {
      collect(field, at: path.isEmpty ? field.name : "\(path).\(field.name)")
    }
    guard let first = node.items.first else { return }
    lists.append(path)
    // A list of plain values is one field, or large ones would be all that is ever hit.
    if first.fields.isEmpty { return }
    for (index, item) in node.items.enumerated() { collect(item, at: "\(path)[\(index)]") }
  }

  package func damaged(_ random: inout SplitMix64) -> [UInt8] {
    if Int.random(in: 0..<4, using: &random) == 0, let bytes = rearranged(&random) { return bytes }
    var bytes = state
    for _ in 0..<Int.random(in: 1...2, using: &random) { damage(&bytes, &random) }
    return bytes
  }

  /// The state with a list that has an item less, twice or at another place; nil if that cannot be
  /// written.
  private func rearranged(_ random: inout SplitMix64) -> [UInt8]? {
    guard let path = lists.randomElement(using: &random) else { return nil }
    var tree = tree
    try? tree.root.update(path) { node in
      guard case .list(var items) = node.content else { return }
      let index = Int.random(in: items.first.indices, using: &random)
      let other = Int.random(in: items.first.indices, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: items.first.remove(at: index)
      case 1: items.first.insert(items.first[index], at: other)
      case 2: items.first[index] = items.first[other]
      default: items.first.swapAt(index, other)
      }
      node.content = .list(items)
    }
    return (try? tree.encode())?.bytes(from: StateBytes(state))
  }

  private func damage(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    guard let field = fields.randomElement(using: &random)?.clamped(to: bytes.indices),
      !field.isEmpty
    else { return }
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<3:
      bytes[Int.random(in: field, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
    case 3..<6: change(&bytes, field.prefix(8), &random)
    case 6:
      let others = fields.filter { $0.count == field.count && $0.upperBound <= bytes.count }
      guard let other = others.randomElement(using: &random) else { return }
      let (one, two) = (Array(bytes[field]), Array(bytes[other]))
      bytes.replaceSubrange(field, with: two)
      if Bool.random(using: &random) { bytes.replaceSubrange(other, with: one) }
    case 7:
      bytes.removeSubrange(field)
      // Some states have one length.
      if Bool.random(using: &random) { bytes += [UInt8](repeating: 0, count: field.count) }
    case 8:
      bytes.insert(contentsOf: Array(bytes[field]), at: field.upperBound)
      if Bool.random(using: &random) { bytes.removeLast(field.count) }
    default:
      bytes.removeLast(
        bytes.count - (Bool.random(using: &random) ? field.lowerBound : field.upperBound))
    }
  }

  /// Gives an integer a value that is likely to matter.
  private func change(_ bytes: inout [UInt8], _ field: Range<Int>, _ random: inout SplitMix64) {
    let old = bytes[field].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    let values = [
      0, 1, 2, .max, old &+ 1, old &- 1, old &* 2, UInt64.random(in: 0...64, using: &random),
      random.next(),
    ]
    let value = values[Int.random(in: values.indices, using: &random)]
    for (index, place) in field.enumerated() {
      bytes[place] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
    }
  }
}
