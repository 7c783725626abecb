import ByteIO
import MigrationStream

/// Two PASID tables, of which each domain is looked at once.
///
/// Domain numbers mean nothing outside a table: domains are told by what they are, and by the
/// lowest PASID that shares them.
struct TableComparison {
  /// A respect in which the tables differ.
  struct Difference {
    let field: String
    let left: String
    let right: String
  }

  /// What a domain is, whatever its number.
  private struct Space: Hashable {
    let kind: PASIDTable.Domain.Kind
    let faults: PASIDTable.Domain.FaultHandling
    let unknownFields: UnknownFields

    var text: String {
      let text: String
      switch kind {
      case .addressSpace: text = "address space"
      case .nested(let type, let data):
        let content =
          data.count <= Self.shownByteCount
          ? hex(data) : "\(data.count) bytes, sha-256 \(hex(SHA256.hash(data)))"
        text = "nested domain of type \(type) with \(content)"
      }
      return faults == .queue ? "\(text), faults to a queue" : text
    }

    // Longer data are told by their hash.
    private static let shownByteCount = 64
  }

  /// What requests with a PASID see; spaces are numbered alike for both tables.
  private struct View: Equatable {
    let space: UInt32
    let permissions: PASIDTable.Binding.Permissions
    let lowestPASID: UInt32
    let unknownFields: UnknownFields
  }

  // No more differences than a person can look at.
  private static let limit = 1000

  private let spaces: [Space]
  private let left: Side
  private let right: Side

  private struct Side {
    /// By PASID, in ascending order.
    var views: [(pasid: UInt32, view: View)] = []
    /// How many domains of each space no PASID is bound to.
    var unbound: [Int: Int] = [:]
  }

  init(_ left: PASIDTable, _ right: PASIDTable) {
    var spaces: [Space] = []
    var numbers: [Space: Int] = [:]
    self.left = Self.side(of: left, &spaces, &numbers)
    self.right = Self.side(of: right, &spaces, &numbers)
    self.spaces = spaces
  }

  private static func side(
    of table: PASIDTable, _ spaces: inout [Space], _ numbers: inout [Space: Int]
  ) -> Side {
    var side = Side()
    var lowest: [UInt32: UInt32] = [:]
    for binding in table.bindings {
      lowest[binding.domain] = min(lowest[binding.domain] ?? .max, binding.pasid)
    }
    var byID: [UInt32: Int] = [:]
    for domain in table.domains {
      let space = Space(
        kind: domain.kind, faults: domain.faults, unknownFields: domain.unknownFields)
      let number = numbers[space] ?? spaces.count
      if number == spaces.count {
        spaces.append(space)
        numbers[space] = number
      }
      byID[domain.id] = number
      if lowest[domain.id] == nil { side.unbound[number, default: 0] += 1 }
    }
    side.views.reserveCapacity(table.bindings.count)
    for binding in table.bindings {
      guard let space = byID[binding.domain] else { continue }
      let view = View(
        space: UInt32(space),
        permissions: binding.permissions.intersection([.execute, .privileged]),
        lowestPASID: lowest[binding.domain] ?? binding.pasid,
        unknownFields: binding.unknownFields)
      side.views.append((binding.pasid, view))
    }
    side.views.sort { $0.pasid < $1.pasid }
    return side
  }

  var differences: [Difference] {
    // A space may be that of many PASIDs.
    var texts: [Int: String] = [:]
    var differences: [Difference] = []
    var (leftCount, rightCount, restCount) = (0, 0, 0)
    forEachChange { pasid, left, right in
      if differences.count < Self.limit {
        differences.append(
          Difference(
            field: "PASID \(pasid)", left: text(left, of: pasid, &texts),
            right: text(right, of: pasid, &texts)))
      } else {
        leftCount += left == nil ? 0 : 1
        rightCount += right == nil ? 0 : 1
        restCount += 1
      }
    }
    if restCount > 0 {
      differences.append(
        Difference(
          field: "\(restCount) more PASIDs", left: "\(leftCount) bound",
          right: "\(rightCount) bound"))
    }
    let unbound = spaces.indices.filter { left.unbound[$0] != right.unbound[$0] }
    for space in unbound.prefix(Self.limit) {
      let text = text(of: space, &texts)
      differences.append(
        Difference(
          field: "domains without a PASID", left: Self.count(left.unbound[space], text),
          right: Self.count(right.unbound[space], text)))
    }
    if unbound.count > Self.limit {
      differences.append(
        Difference(
          field: "\(unbound.count - Self.limit) more kinds of domains without a PASID",
          left: "\(left.unbound.count)", right: "\(right.unbound.count)"))
    }
    return differences
  }

  /// Gives each PASID that does not see the same on both sides to `body`, in ascending order.
  private func forEachChange(_ body: (UInt32, View?, View?) -> Void) {
    var (l, r) = (0, 0)
    while l < left.views.count || r < right.views.count {
      let leftPASID = l < left.views.count ? left.views[l].pasid : .max
      let rightPASID = r < right.views.count ? right.views[r].pasid : .max
      let pasid = min(leftPASID, rightPASID)
      let leftView = leftPASID == pasid ? left.views[l].view : nil
      let rightView = rightPASID == pasid ? right.views[r].view : nil
      if leftView != rightView { body(pasid, leftView, rightView) }
      l += leftView == nil ? 0 : 1
      r += rightView == nil ? 0 : 1
    }
  }

  private static func count(_ count: Int?, _ text: String) -> String {
    count.map { "\($0) \(text)" } ?? "none"
  }

  private func text(of space: Int, _ texts: inout [Int: String]) -> String {
    if let text = texts[space] { return text }
    let text = spaces[space].text
    texts[space] = text
    return text
  }

  private func text(_ view: View?, of pasid: UInt32, _ texts: inout [Int: String]) -> String {
    guard let view else { return "none" }
    var text = text(of: Int(view.space), &texts)
    if view.permissions.contains(.execute) { text += ", execute" }
    if view.permissions.contains(.privileged) { text += ", privileged" }
    if view.lowestPASID != pasid { text += ", shared with PASID \(view.lowestPASID)" }
    if !view.unknownFields.isEmpty { text += ", fields of later versions" }
    return text
  }
}
