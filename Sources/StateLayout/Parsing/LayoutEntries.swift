import YAMLReader

/// The entries of a mapping in a layout file. Keys that begin with `-` belong to other programs and
/// are passed over, but for keys that begin with `-ferry-`.
struct LayoutEntries {
  let node: YAMLNode
  private let entries: [YAMLNode.Entry]

  /// Reads the mapping `node`; `refused` has the keys of Kaitai Struct outside of the subset, with
  /// their names.
  init(
    _ node: YAMLNode, known: Set<String>, refused: [String: String] = [:]
  ) throws(LayoutError) {
    let entries = try Self.all(of: node)
    for entry in entries where !known.contains(entry.key) {
      if let feature = refused[entry.key] {
        throw LayoutError(
          .unsupported, at: .text(entry.keyMark),
          "\(feature): outside of the subset of Kaitai Struct that is understood")
      }
      if entry.key.hasPrefix("-"), !entry.key.hasPrefix("-ferry-") { continue }
      throw LayoutError(
        .text, at: .text(entry.keyMark),
        "expected one of \(known.sorted().joined(separator: ", ")), found '\(entry.key)'")
    }
    self.node = node
    self.entries = entries
  }

  static func all(of node: YAMLNode) throws(LayoutError) -> [YAMLNode.Entry] {
    do throws(YAMLError) { return try node.entries() } catch { throw LayoutError(error) }
  }

  subscript(key: String) -> YAMLNode? { entries.first { $0.key == key }?.value }

  func required(_ key: String) throws(LayoutError) -> YAMLNode {
    guard let value = self[key] else { throw missing(key) }
    return value
  }

  func missing(_ key: String) -> LayoutError {
    LayoutError(.text, at: .text(node.mark), "expected the key '\(key)'")
  }
}

extension LayoutReader {
  static func items(_ node: YAMLNode) throws(LayoutError) -> [YAMLNode] {
    do throws(YAMLError) { return try node.items() } catch { throw LayoutError(error) }
  }

  static func string(_ node: YAMLNode) throws(LayoutError) -> String {
    do throws(YAMLError) { return try node.string() } catch { throw LayoutError(error) }
  }

  /// Text without the white space around it.
  static func text(_ node: YAMLNode) throws(LayoutError) -> String {
    var text = Substring(try string(node))
    while text.last?.isWhitespace == true { text.removeLast() }
    while text.first?.isWhitespace == true { text.removeFirst() }
    return text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n")
  }

  static func strings(_ node: YAMLNode) throws(LayoutError) -> [String] {
    var strings: [String] = []
    for item in try items(node) { strings.append(try string(item)) }
    return strings
  }

  static func flag(_ node: YAMLNode?) throws(LayoutError) -> Bool {
    guard let node else { return false }
    do throws(YAMLError) { return try node.bool() } catch { throw LayoutError(error) }
  }

  static func severity(_ node: YAMLNode?) throws(LayoutError) -> LayoutFinding.Severity {
    guard let node else { return .error }
    let text = try string(node)
    guard let severity = LayoutFinding.Severity.allCases.first(where: { "\($0)" == text }) else {
      throw LayoutError(
        .text, at: .text(node.mark), "expected note, warning or error, found '\(text)'")
    }
    return severity
  }

  /// A name in lower case, as Kaitai Struct wants it.
  static func identifier(_ node: YAMLNode) throws(LayoutError) -> String {
    let text = try string(node)
    let isGood = text.utf8.enumerated().allSatisfy { index, byte in
      (0x61...0x7a).contains(byte) || index > 0 && (byte == 0x5f || (0x30...0x39).contains(byte))
    }
    guard isGood, !text.isEmpty, !["true", "false", "null"].contains(text) else {
      throw LayoutError(
        .text, at: .text(node.mark),
        "expected a name of lower-case letters, digits and _, found '\(text)'")
    }
    return text
  }

  static func path(_ name: String) -> [String] {
    name.split(separator: "::", omittingEmptySubsequences: false).map { part in
      String(part.filter { !$0.isWhitespace })
    }
  }
}

/// The defaults in a type's `meta`, for it and the types in it.
struct LayoutDefaults {
  var isBigEndian: Bool?
  var hasBigEndianBits = true
  var encoding: String?

  static let metaKeys: Set<String> = [
    "id", "title", "application", "file-extension", "xref", "tags", "license", "ks-version",
    "encoding", "endian", "bit-endian",
  ]
  static let refusedMetaKeys = [
    "imports": "imports", "ks-opaque-types": "opaque types (ks-opaque-types)",
    "ks-debug": "ks-debug",
  ]

  mutating func apply(_ node: YAMLNode) throws(LayoutError) {
    let meta = try LayoutEntries(node, known: Self.metaKeys, refused: Self.refusedMetaKeys)
    if let node = meta["endian"] {
      if case .mapping = node.content {
        throw LayoutError(
          .unsupported, at: .text(node.mark),
          "calculated endianness: outside of the subset of Kaitai Struct that is understood")
      }
      isBigEndian = try Self.isBig(node)
    }
    if let node = meta["bit-endian"] { hasBigEndianBits = try Self.isBig(node) }
    if let node = meta["encoding"] { encoding = try LayoutReader.string(node) }
  }

  private static func isBig(_ node: YAMLNode) throws(LayoutError) -> Bool {
    switch try LayoutReader.string(node) {
    case "le": return false
    case "be": return true
    case let other:
      throw LayoutError(.text, at: .text(node.mark), "expected le or be, found '\(other)'")
    }
  }
}
