import YAMLReader

extension LayoutReader {
  static let attributeKeys: Set<String> = [
    "id", "doc", "doc-ref", "contents", "valid", "type", "repeat", "repeat-expr", "repeat-until",
    "if", "size", "size-eos", "enum", "encoding", "pad-right", "terminator", "-ferry-severity",
    "-ferry-padding", "-ferry-hex", "-ferry-flags", "-ferry-items",
  ]
  static let instanceKeys = attributeKeys.subtracting(["id"]).union(["pos", "value"])
  static let itemRuleKeys: Set<String> = [
    "id", "count", "unique", "ascending", "contiguous", "end", "by", "refers", "to", "if",
    "severity", "message",
  ]
  static let refusedAttributeKeys = [
    "process": "process", "consume": "consume", "include": "include", "eos-error": "eos-error",
    "io": "reading from another stream (io)", "pos": "pos outside of instances",
    "value": "value outside of instances",
  ]

  mutating func field(
    _ name: String, _ entries: LayoutEntries, in index: Int, bits: BitPlace? = nil
  ) throws(LayoutError) -> FieldDefinition {
    let kind: FieldDefinition.Kind =
      if let bits { .bits(bits) } else { try kind(entries, in: index) }
    let extent = try extent(entries, kind, in: index)
    let repetition = try repetition(entries, in: index)
    if bits != nil {
      for key in ["repeat", "if", "size", "size-eos", "contents"] where entries[key] != nil {
        throw unsupported("bit fields with \(key)", at: entries.node)
      }
    }
    let enumeration = try enumeration(entries, kind, in: index)
    let isPadding = try Self.flag(entries["-ferry-padding"])
    if isPadding {
      guard case .bytes = kind else {
        throw entries.problem("expected bytes with -ferry-padding")
      }
    }
    return FieldDefinition(
      name: name, documentation: try entries["doc"].map(Self.text), kind: kind,
      repetition: repetition, extent: extent,
      condition: try optionalExpression(entries["if"], in: index),
      position: try optionalExpression(entries["pos"], in: index),
      enumeration: enumeration, flags: try flags(entries, isInteger: kind.isInteger, in: index),
      validity: try validity(entries["valid"], in: index, hasEnumeration: enumeration != nil),
      severity: try Self.severity(entries["-ferry-severity"]),
      itemRules: try itemRules(entries, in: index), isPadding: isPadding,
      isHexadecimal: try Self.flag(entries["-ferry-hex"]))
  }

  mutating func instance(
    _ name: String, _ entries: LayoutEntries, in index: Int
  ) throws(LayoutError) -> FieldDefinition {
    if entries["pos"] != nil { return try field(name, entries, in: index) }
    guard let value = entries["value"] else {
      throw unsupported("instances without pos or value", at: entries.node)
    }
    for key in ["type", "repeat", "size", "size-eos", "contents", "encoding"]
    where entries[key] != nil {
      throw entries.problem("expected no '\(key)' beside 'value'")
    }
    let path = try entries["enum"].map { (node) throws(LayoutError) in
      Self.path(try Self.string(node))
    }
    return FieldDefinition(
      name: name, documentation: try entries["doc"].map(Self.text), kind: .bytes,
      condition: try optionalExpression(entries["if"], in: index),
      value: try expression(value, in: index),
      enumeration: try path.map { (path) throws(LayoutError) in
        try self.enumeration(path, at: entries.node, in: index)
      },
      flags: try flags(entries, isInteger: true, in: index),
      validity: try validity(entries["valid"], in: index, hasEnumeration: path != nil),
      severity: try Self.severity(entries["-ferry-severity"]),
      isHexadecimal: try Self.flag(entries["-ferry-hex"]))
  }

  func unsupported(_ feature: String, at node: YAMLNode) -> LayoutError {
    LayoutError(
      .unsupported, at: .text(node.mark),
      "\(feature): outside of the subset of Kaitai Struct that is understood")
  }

  // MARK: What the field is

  private mutating func kind(
    _ entries: LayoutEntries, in index: Int
  ) throws(LayoutError) -> FieldDefinition.Kind {
    if let contents = entries["contents"] {
      for key in ["type", "size", "size-eos"] where entries[key] != nil {
        throw entries.problem("expected no '\(key)' beside 'contents'")
      }
      return .constant(try Self.constant(contents))
    }
    let name = try entries["type"].flatMap { (node) throws(LayoutError) -> String? in
      if case .mapping = node.content { nil } else { try Self.string(node) }
    }
    if entries["terminator"] != nil, name != "str" || entries["size"] == nil {
      throw unsupported(
        "terminated bytes, and terminated text without a size (terminator)", at: entries.node)
    }
    guard let node = entries["type"] else { return .bytes }
    guard let name else { return try choice(node, entries, in: index) }
    if name == "str" { return .text(try textFormat(entries, in: index)) }
    switch try named(name, at: node, in: index) {
    case .integer(let format): return .integer(format)
    case .record(let type): return .record(type)
    }
  }

  private func named(
    _ name: String, at node: YAMLNode, in index: Int
  ) throws(LayoutError) -> FieldDefinition.Choice {
    if let format = try integerFormat(name, at: node, drafts[index].defaults) {
      return .integer(format)
    }
    if name.contains("(") { throw unsupported("types with parameters", at: node) }
    if name == "strz" { throw unsupported("terminated text (strz)", at: node) }
    if ["f4", "f8", "f4le", "f4be", "f8le", "f8be"].contains(name) {
      throw unsupported("floating-point numbers", at: node)
    }
    guard let type = resolve(Self.path(name), in: index) else {
      throw LayoutError(.text, at: .text(node.mark), "expected a type, found no '\(name)'")
    }
    return .record(type)
  }

  private func integerFormat(
    _ name: String, at node: YAMLNode, _ defaults: LayoutDefaults
  ) throws(LayoutError) -> IntegerFormat? {
    var rest = Substring(name)
    guard let sign = rest.popFirst(), sign == "u" || sign == "s", let digit = rest.popFirst(),
      let byteCount = digit.wholeNumberValue, [1, 2, 4, 8].contains(byteCount)
    else { return nil }
    let isBigEndian: Bool
    switch rest {
    case "le": isBigEndian = false
    case "be": isBigEndian = true
    case "":
      guard let endian = byteCount == 1 ? false : defaults.isBigEndian else {
        throw LayoutError(
          .text, at: .text(node.mark),
          "expected an endianness in meta or behind the type, found '\(name)'")
      }
      isBigEndian = endian
    default: return nil
    }
    return IntegerFormat(byteCount: byteCount, isSigned: sign == "s", isBigEndian: isBigEndian)
  }

  private mutating func choice(
    _ node: YAMLNode, _ attribute: LayoutEntries, in index: Int
  ) throws(LayoutError) -> FieldDefinition.Kind {
    let entries = try LayoutEntries(node, known: ["switch-on", "cases"])
    var cases: [FieldDefinition.Case] = []
    var otherwise: FieldDefinition.Choice?
    for entry in try LayoutEntries.all(of: try entries.required("cases")) {
      let choice = try named(try Self.string(entry.value), at: entry.value, in: index)
      let isSized = attribute["size"] != nil || attribute["size-eos"] != nil
      if isSized, case .integer = choice {
        throw unsupported("integers in a switch with a size", at: entry.value)
      }
      if entry.key == "_" {
        otherwise = choice
      } else {
        let key = YAMLNode(.scalar(entry.key, isPlain: true), at: entry.keyMark)
        cases.append(FieldDefinition.Case(value: try expression(key, in: index), choice: choice))
      }
    }
    if otherwise == nil, attribute["size"] == nil, attribute["size-eos"] == nil {
      throw unsupported("a switch without a size and without the case '_'", at: node)
    }
    return .choice(
      on: try expression(try entries.required("switch-on"), in: index), cases: cases,
      otherwise: otherwise)
  }

  private func textFormat(
    _ entries: LayoutEntries, in index: Int
  ) throws(LayoutError) -> TextFormat {
    let encoding = try entries["encoding"].map(Self.string) ?? drafts[index].defaults.encoding
    guard let encoding else { throw entries.problem("expected an encoding of the text") }
    let isASCII = encoding.uppercased() == "ASCII"
    guard isASCII || encoding.uppercased() == "UTF-8" else {
      throw unsupported("the encoding \(encoding)", at: entries.node)
    }
    return TextFormat(
      isASCII: isASCII, padding: try byte(entries["pad-right"]),
      terminator: try byte(entries["terminator"]))
  }

  private func byte(_ node: YAMLNode?) throws(LayoutError) -> UInt8? {
    guard let node else { return nil }
    do throws(YAMLError) { return try node.integer() } catch { throw LayoutError(error) }
  }

  private static func constant(_ node: YAMLNode) throws(LayoutError) -> [UInt8] {
    guard case .sequence(let items) = node.content else { return Array(try string(node).utf8) }
    var bytes: [UInt8] = []
    for item in items {
      if case .scalar(_, isPlain: true) = item.content,
        let byte: UInt8 = try? item.integer()
      {
        bytes.append(byte)
      } else {
        bytes += Array(try string(item).utf8)
      }
    }
    return bytes
  }

  private func enumeration(
    _ path: [String], at node: YAMLNode, in index: Int
  ) throws(LayoutError) -> Enumeration {
    guard let found = enumeration(path, in: index) else {
      throw LayoutError(
        .text, at: .text(node.mark),
        "expected an enumeration, found no '\(path.joined(separator: "::"))'")
    }
    return found
  }

  private func enumeration(
    _ entries: LayoutEntries, _ kind: FieldDefinition.Kind, in index: Int
  ) throws(LayoutError) -> Enumeration? {
    guard let node = entries["enum"] else { return nil }
    switch kind {
    case .integer, .bits:
      return try enumeration(Self.path(try Self.string(node)), at: node, in: index)
    default: throw entries.problem("expected an integer with 'enum'")
    }
  }

  /// The names of bits that `-ferry-flags` asks for.
  private func flags(
    _ entries: LayoutEntries, isInteger: Bool, in index: Int
  ) throws(LayoutError) -> Enumeration? {
    guard let node = entries["-ferry-flags"] else { return nil }
    guard isInteger, entries["enum"] == nil else {
      throw entries.problem("expected an integer without 'enum' with -ferry-flags")
    }
    return try enumeration(Self.path(try Self.string(node)), at: node, in: index)
  }

  // MARK: How much of it there is

  private mutating func extent(
    _ entries: LayoutEntries, _ kind: FieldDefinition.Kind, in index: Int
  ) throws(LayoutError) -> FieldDefinition.Extent {
    let isToEnd = try Self.flag(entries["size-eos"])
    let size = entries["size"]
    switch kind {
    case .integer, .bits, .constant:
      guard !isToEnd, size == nil else { throw entries.problem("expected no size of an integer") }
      return .natural
    case .bytes, .text:
      guard isToEnd || size != nil else {
        throw entries.problem("expected a size of the bytes: 'size' or 'size-eos'")
      }
    case .record, .choice:
      guard isToEnd || size != nil else { return .natural }
    }
    guard let size else { return .toEnd }
    guard !isToEnd else { throw entries.problem("expected 'size' or 'size-eos', found both") }
    let expression = try expression(size, in: index)
    return .size(expression, measures: measurement(expression, in: index))
  }

  private mutating func repetition(
    _ entries: LayoutEntries, in index: Int
  ) throws(LayoutError) -> FieldDefinition.Repetition {
    guard let node = entries["repeat"] else {
      for key in ["repeat-expr", "repeat-until", "-ferry-items"] where entries[key] != nil {
        throw entries.problem("expected 'repeat' beside '\(key)'")
      }
      return .once
    }
    switch try Self.string(node) {
    case "expr":
      let count = try expression(try entries.required("repeat-expr"), in: index)
      return .count(count, measures: measurement(count, in: index))
    case "eos": return .untilEnd
    case "until":
      return .until(try expression(try entries.required("repeat-until"), in: index))
    case let other:
      throw LayoutError(
        .text, at: .text(node.mark), "expected expr, eos or until, found '\(other)'")
    }
  }

  /// The places of a sequence's bit fields. A run of them must fill whole bytes, so that no bit is
  /// without a field.
  func bitPlaces(
    _ nodes: [YAMLNode], _ defaults: LayoutDefaults
  ) throws(LayoutError) -> [BitPlace?] {
    var widths: [(width: Int, isBigEndian: Bool)?] = []
    for node in nodes {
      let entries = try LayoutEntries(node, known: Self.attributeKeys)
      widths.append(try bitWidth(entries["type"], defaults))
    }
    var places: [BitPlace?] = []
    while places.count < widths.count {
      let run = widths[places.count...].prefix { $0 != nil }.compactMap(\.self)
      guard let first = run.first else {
        places.append(nil)
        continue
      }
      let bitCount = run.reduce(0) { $0 + $1.width }
      let node = nodes[places.count]
      guard bitCount % 8 == 0, bitCount <= 512 else {
        throw unsupported("bit fields that do not fill whole bytes, at most 64 of them", at: node)
      }
      guard run.allSatisfy({ $0.isBigEndian == first.isBigEndian }) else {
        throw unsupported("bit fields of both orders in one run", at: node)
      }
      var offset = 0
      for field in run {
        places.append(
          BitPlace(
            offset: offset, width: field.width, runByteCount: bitCount / 8,
            isBigEndian: field.isBigEndian))
        offset += field.width
      }
    }
    return places
  }

  private func bitWidth(
    _ type: YAMLNode?, _ defaults: LayoutDefaults
  ) throws(LayoutError) -> (width: Int, isBigEndian: Bool)? {
    guard let type, case .scalar(let name, _) = type.content, name.first == "b" else { return nil }
    var digits = name.dropFirst()
    var isBigEndian = defaults.hasBigEndianBits
    if digits.hasSuffix("le") || digits.hasSuffix("be") {
      isBigEndian = digits.hasSuffix("be")
      digits = digits.dropLast(2)
    }
    guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
    guard let width = Int(digits), (1...64).contains(width) else {
      throw LayoutError(.text, at: .text(type.mark), "expected 1 to 64 bits, found '\(name)'")
    }
    return (width, isBigEndian)
  }
}

extension FieldDefinition.Kind {
  fileprivate var isInteger: Bool {
    switch self {
    case .integer, .bits: true
    default: false
    }
  }
}

extension LayoutEntries {
  func problem(_ message: String) -> LayoutError {
    LayoutError(.text, at: .text(node.mark), message)
  }
}
