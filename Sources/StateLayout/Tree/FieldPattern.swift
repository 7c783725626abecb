/// Names fields of a state by their path, in which `[]` stands for every item of an array:
/// `ports[0].count`, `ports[].count`.
public struct FieldPattern: Sendable, Hashable {
  enum Step: Sendable, Hashable {
    case name(String)
    case item(UInt64)
    case everyItem
  }

  /// The text that it was read from.
  public let text: String
  let steps: [Step]

  /// Reads a path; throws `path` if it is none.
  public init(_ text: String) throws(LayoutError) {
    var steps: [Step] = []
    for part in text.split(separator: ".", omittingEmptySubsequences: false) {
      let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
      guard let name = pieces.first, !name.isEmpty else {
        throw LayoutError(.path, at: .field(text), "expected names between the points")
      }
      steps.append(.name(String(name)))
      for piece in pieces.dropFirst() {
        if piece == "]" {
          steps.append(.everyItem)
        } else if piece.last == "]", let number = UInt64(piece.dropLast()) {
          steps.append(.item(number))
        } else {
          throw LayoutError(.path, at: .field(text), "expected a number in brackets, or none")
        }
      }
    }
    self.text = text
    self.steps = steps
  }
}

/// A field of a state with its path.
public struct LocatedField: Sendable {
  /// The path from the state's start, such as `ports[0].count`.
  public let path: String
  /// The field.
  public let node: LayoutNode
}

extension LayoutTree {
  /// The fields that `pattern` names, in their order.
  ///
  /// - Throws: `path`, with the names that there are, if it names none.
  public func fields(_ pattern: FieldPattern) throws(LayoutError) -> [LocatedField] {
    var search = FieldSearch(pattern: pattern)
    search.run(pattern.steps[...], in: root, [])
    guard search.found.isEmpty else { return search.found }
    throw LayoutError(
      .path, at: .field(pattern.text), search.problem ?? "expected a field, found none")
  }
}

private struct FieldSearch {
  let pattern: FieldPattern
  private(set) var found: [LocatedField] = []
  /// Why the way that led furthest ended.
  private(set) var problem: String?
  private var problemDepth = -1

  // As many names as a message can have and be read.
  private static let namedCount = 24

  init(pattern: FieldPattern) { self.pattern = pattern }

  mutating func run(
    _ steps: ArraySlice<FieldPattern.Step>, in node: LayoutNode, _ path: [LayoutPath.Step]
  ) {
    guard let step = steps.first else {
      found.append(LocatedField(path: LayoutPath.text(path), node: node))
      return
    }
    let rest = steps.dropFirst()
    switch step {
    case .name(let name):
      guard let field = node.field(named: name) else {
        return note(path.count, missing(name, in: node, path))
      }
      run(rest, in: field, path + [.name(name)])
    case .everyItem:
      guard let items = node.list else {
        return note(path.count, "expected an array, found another field")
      }
      for (number, item) in items.numbered { run(rest, in: item, path + [.item(Int(number))]) }
    case .item(let number):
      guard let items = node.list else {
        return note(path.count, "expected an array, found another field")
      }
      guard let item = items.numbered.first(where: { $0.number == number })?.item else {
        return note(
          path.count,
          number < items.count
            ? "expected an item that is kept, found that [\(number)] was only read"
            : "expected one of \(items.count) items, found no [\(number)]")
      }
      run(rest, in: item, path + [.item(Int(number))])
    }
  }

  private func missing(
    _ name: String, in node: LayoutNode, _ path: [LayoutPath.Step]
  ) -> String {
    guard node.isRecord else {
      return "expected a field that has fields, found one of none, and no '\(name)'"
    }
    var names = node.fields.prefix(Self.namedCount).map(\.name)
    if node.fields.count > names.count { names.append("…") }
    let place = path.isEmpty ? "" : " in \(LayoutPath.text(path))"
    return "expected one of \(names.joined(separator: ", "))\(place), found no '\(name)'"
  }

  private mutating func note(_ depth: Int, _ text: String) {
    guard depth > problemDepth else { return }
    (problem, problemDepth) = (text, depth)
  }
}

extension LayoutNode.Items {
  /// The items that are kept, with their numbers.
  public var numbered: [(number: UInt64, item: LayoutNode)] {
    let before = UInt64(first.count) + elidedCount
    return first.enumerated().map { (UInt64($0), $1) }
      + last.enumerated().map { (before + UInt64($0), $1) }
  }
}
