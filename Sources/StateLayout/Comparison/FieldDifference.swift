public import ByteIO

/// A field that two states of one layout have differently, or a run of an array's items.
public struct FieldDifference: Sendable {
  /// The field, such as `ports[0].count`; the first item of a run.
  public let path: String
  /// The number of the last item of a run; nil for a single field.
  public let lastItem: UInt64?
  /// The field in the first state, an integer each of a run, or the bytes of a run that was not
  /// kept; none if it is not there.
  public let left: [LayoutNode]
  /// The same in the second state.
  public let right: [LayoutNode]
  /// The bytes that differ, counted from the start of the field; nil if it is no field of bytes
  /// that both states have.
  public let ranges: ByteRanges?
}

/// The fields in which two states of one layout differ, in the order of the first.
public struct FieldComparison: Sendable {
  /// The number of differences that are kept; more are counted.
  public static let capacity = 1000

  /// The fields of one name in all items: `ports[].count`.
  public struct Group: Sendable, Hashable {
    /// The path of the fields, without the numbers of items.
    public let name: String
    /// The number of differences in them.
    public internal(set) var count: UInt64
  }

  /// The layout of both states.
  public let layout: Layout
  /// The first differences.
  public private(set) var differences: [FieldDifference] = []
  /// All differences by the name of their field, in the order of the first of each.
  public private(set) var groups: [Group] = []
  private var groupIndices: [String: Int] = [:]

  init(_ layout: Layout) { self.layout = layout }

  /// The number of all differences, kept or not.
  public var count: UInt64 { groups.reduce(0) { $0 + $1.count } }

  mutating func append(_ difference: FieldDifference) {
    if differences.count < Self.capacity { differences.append(difference) }
    let name = difference.groupName
    if let index = groupIndices[name] {
      groups[index].count += 1
    } else {
      groupIndices[name] = groups.count
      groups.append(Group(name: name, count: 1))
    }
  }
}

extension FieldDifference {
  /// The path without the numbers of items.
  public var groupName: String {
    var name = ""
    var isNumber = false
    for scalar in path.unicodeScalars {
      if scalar == "]" { isNumber = false }
      if !isNumber { name.unicodeScalars.append(scalar) }
      if scalar == "[" { isNumber = true }
    }
    return name
  }
}
