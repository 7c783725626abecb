import ByteIO
import StateLayout

/// Values of fields as people read them.
enum LayoutText {
  /// The most bytes and the most integers that are shown on a line.
  private static let shownCount = 16

  /// The value of a field; empty for a record and a list. Bytes that are not shown come with their
  /// CRC-32C, if it is one of `checksums`.
  static func value(_ node: LayoutNode, _ checksums: [Payload: UInt32]? = nil) -> String {
    switch node.content {
    case .integer(let value):
      let number = integer(value, node)
      return node.meaning.map { "\(number) (\($0))" } ?? number
    case .text(let text): return "'\(text)'"
    case .bytes(let payload): return bytes(payload, checksums)
    case .record, .list: return ""
    }
  }

  /// The first of `nodes`, which are the first of `count` in all.
  static func integers(_ nodes: [LayoutNode], count: UInt64) -> String {
    let shown = nodes.prefix(shownCount).map { node in
      node.integer.map { integer($0, node) } ?? ""
    }
    let more = count > UInt64(shown.count) ? " … (\(count) in all)" : ""
    return shown.joined(separator: " ") + more
  }

  private static func integer(_ value: Int128, _ node: LayoutNode) -> String {
    node.isHexadecimal && value >= 0 ? "0x" + hex(value) : "\(value)"
  }

  private static func bytes(_ payload: Payload, _ checksums: [Payload: UInt32]?) -> String {
    let count = QuantityText.count(payload.byteCount, "byte")
    guard let bytes = payload.loadedBytes else {
      let sum = checksums?[payload].map { ", crc-32c \(hex($0, digits: 8))" } ?? ""
      return "\(count), not shown\(sum)"
    }
    if bytes.isEmpty { return "no bytes" }
    if bytes.count > shownCount, bytes.allSatisfy({ $0 == bytes[0] }) {
      return "\(count), each \(hex(bytes[0], digits: 2))"
    }
    let shown = hex(bytes.prefix(shownCount), separator: " ")
    guard bytes.count > shownCount else { return shown }
    let sum = checksums?[payload].map { ", crc-32c \(hex($0, digits: 8))" } ?? ""
    return "\(shown) … (\(count)\(sum))"
  }
}
