import ByteIO

/// Bytes of a state that mean nothing, though a driver hands them out.
extension LayoutTree {
  /// The ranges of the state as it was read in which such bytes are not zeros: in what its layout
  /// calls padding, and behind the end of a text.
  public var meaninglessRanges: [Range<UInt64>] {
    var ranges: [Range<UInt64>] = []
    root.visitMeaningless("") { node, _ in
      guard let range = node.range else { return }
      ranges.append(range.upperBound - node.meaninglessByteCount..<range.upperBound)
    }
    return ranges
  }

  /// Makes zeros of such bytes; the fields that had others.
  public mutating func scrub() throws(LayoutError) -> [String] {
    var paths: [String] = []
    root.visitMeaningless("") { paths.append($1) }
    for path in paths {
      try root.update(path) { (node) throws(LayoutError) in
        switch node.content {
        case .bytes(let payload):
          guard payload.byteCount <= 1 << 24 else {
            throw LayoutError(
              .length, at: .field(path),
              "expected padding of at most 16 MiB, found \(payload.byteCount) bytes")
          }
          let zeros = [UInt8](repeating: 0, count: Int(payload.byteCount))
          node.content = .bytes(Payload(zeros))
        case let content: node.content = content
        }
      }
    }
    return paths
  }
}

extension LayoutNode {
  /// The bytes at the end of the field that mean nothing.
  fileprivate var meaninglessByteCount: UInt64 {
    payload?.byteCount ?? UInt64(residue.count)
  }

  /// Gives every field with such bytes that are not zeros to `body`, and its path.
  fileprivate func visitMeaningless(_ path: String, _ body: (LayoutNode, String) -> Void) {
    switch content {
    case .integer: break
    case .text: if !residue.isEmpty { body(self, path) }
    case .bytes(let payload):
      let isZero = payload.loadedBytes?.allSatisfy { $0 == 0 } ?? false
      if field?.isPadding ?? false, !isZero { body(self, path) }
    case .record(let fields):
      for field in fields {
        field.visitMeaningless(path.isEmpty ? field.name : "\(path).\(field.name)", body)
      }
    case .list:
      for (index, item) in items.enumerated() { item.visitMeaningless("\(path)[\(index)]", body) }
    }
  }
}
