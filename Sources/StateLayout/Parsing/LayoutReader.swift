import YAMLReader

extension Layout {
  /// Reads a layout from the text of a `.ksy` file.
  ///
  /// Throws with line and column if the text is no layout, and with the name of the feature if it
  /// uses more of Kaitai Struct than the subset.
  public init(parsing text: [UInt8]) throws(LayoutError) {
    self.init(try LayoutReader.read(text))
  }
}

/// Reads a Kaitai Struct file: first the types and their names, then their fields.
struct LayoutReader {
  /// A type whose fields are not read yet.
  struct Draft {
    let name: String
    let entries: LayoutEntries
    let outer: Int?
    let defaults: LayoutDefaults
    var innerTypes: [String: Int] = [:]
    var enumerations: [String: Enumeration] = [:]
    var fieldNames: [String] = []
    var instanceNames: [String] = []
    var counters: [String] = []
    /// The ids of `unique` rules, whose keys can be referred to.
    var keyNames: Set<String> = []
  }

  private(set) var drafts: [Draft] = []
  private(set) var allNames: Set<String> = []
  private(set) var usesStreamEnd = false

  static let typeKeys: Set<String> = [
    "meta", "doc", "doc-ref", "seq", "instances", "types", "enums", "-ferry-rules",
  ]
  static let topKeys = typeKeys.union(["-ferry-name", "-ferry-drivers", "-ferry-detect"])
  /// Keys of Kaitai Struct that are outside of the subset, with what they are called.
  static let refusedTypeKeys = [
    "params": "types with parameters (params)", "to-string": "to-string",
  ]

  static func read(_ text: [UInt8]) throws(LayoutError) -> LayoutDefinition {
    let document: YAMLNode
    do throws(YAMLError) {
      document = try YAMLNode(parsing: text)
    } catch {
      throw LayoutError(error)
    }
    var reader = LayoutReader()
    return try reader.layout(document, text)
  }

  private mutating func layout(
    _ document: YAMLNode, _ text: [UInt8]
  ) throws(LayoutError) -> LayoutDefinition {
    let entries = try LayoutEntries(document, known: Self.topKeys, refused: Self.refusedTypeKeys)
    guard let metaNode = entries["meta"] else {
      throw entries.missing("meta")
    }
    let meta = try LayoutEntries(
      metaNode, known: LayoutDefaults.metaKeys, refused: LayoutDefaults.refusedMetaKeys)
    let id = try Self.identifier(try meta.required("id"))
    _ = try draft(document, name: id, outer: nil, defaults: LayoutDefaults())
    for index in drafts.indices { try noteNames(index) }
    var types: [TypeDefinition] = []
    for index in drafts.indices { types.append(try type(index)) }
    let detection = try detection(entries)
    return LayoutDefinition(
      name: try entries["-ferry-name"].map(Self.string) ?? id,
      title: try meta["title"].map(Self.string) ?? id,
      drivers: try entries["-ferry-drivers"].map(Self.strings) ?? [],
      types: types, detection: detection, usesStreamEnd: usesStreamEnd, text: text)
  }

  // MARK: Types and their names

  private mutating func draft(
    _ node: YAMLNode, name: String, outer: Int?, defaults: LayoutDefaults
  ) throws(LayoutError) -> Int {
    let entries = try LayoutEntries(
      node, known: outer == nil ? Self.topKeys : Self.typeKeys, refused: Self.refusedTypeKeys)
    var defaults = defaults
    if let meta = entries["meta"] { try defaults.apply(meta) }
    let index = drafts.count
    drafts.append(Draft(name: name, entries: entries, outer: outer, defaults: defaults))
    if let enums = entries["enums"] {
      for entry in try LayoutEntries.all(of: enums) {
        drafts[index].enumerations[entry.key] = try Self.enumeration(entry)
      }
    }
    if let types = entries["types"] {
      for entry in try LayoutEntries.all(of: types) {
        let inner = try draft(
          entry.value, name: outer == nil ? entry.key : "\(name)::\(entry.key)", outer: index,
          defaults: defaults)
        drafts[index].innerTypes[entry.key] = inner
      }
    }
    return index
  }

  private mutating func noteNames(_ index: Int) throws(LayoutError) {
    var names: Set<String> = []
    func note(_ name: String, at mark: YAMLMark) throws(LayoutError) {
      guard names.insert(name).inserted else {
        throw LayoutError(.text, at: .text(mark), "expected each name once, found '\(name)' again")
      }
    }
    for node in try drafts[index].entries["seq"].map(Self.items) ?? [] {
      let entries = try LayoutEntries(
        node, known: Self.attributeKeys, refused: Self.refusedAttributeKeys)
      let id = try entries.required("id")
      let name = try Self.identifier(id)
      try note(name, at: id.mark)
      drafts[index].fieldNames.append(name)
      for rule in try entries["-ferry-items"].map(Self.items) ?? [] {
        let rule = try LayoutEntries(rule, known: Self.itemRuleKeys)
        if rule["unique"] != nil, let id = rule["id"] {
          drafts[index].keyNames.insert(try Self.identifier(id))
        }
        guard let count = rule["count"] else { continue }
        let counter = try Self.identifier(count)
        try note(counter, at: count.mark)
        drafts[index].counters.append(counter)
      }
    }
    if let instances = drafts[index].entries["instances"] {
      for entry in try LayoutEntries.all(of: instances) {
        try note(entry.key, at: entry.keyMark)
        drafts[index].instanceNames.append(entry.key)
      }
    }
    allNames.formUnion(drafts[index].fieldNames)
    allNames.formUnion(drafts[index].instanceNames)
  }

  private static func enumeration(_ entry: YAMLNode.Entry) throws(LayoutError) -> Enumeration {
    var entries: [Int128: Enumeration.Entry] = [:]
    for label in try LayoutEntries.all(of: entry.value) {
      let value: Int128
      switch try? ExpressionParser.parse(label.key, in: NoNames()) {
      case .integer(let number): value = number
      case .unary(.negate, .integer(let number)): value = -number
      default:
        throw LayoutError(
          .text, at: .text(label.keyMark), "expected an integer, found '\(label.key)'")
      }
      if case .mapping = label.value.content {
        let fields = try LayoutEntries(label.value, known: ["id", "doc", "doc-ref"])
        entries[value] = Enumeration.Entry(
          label: try string(try fields.required("id")), documentation: try fields["doc"].map(text))
      } else {
        entries[value] = Enumeration.Entry(label: try string(label.value), documentation: nil)
      }
    }
    return Enumeration(name: entry.key, entries: entries)
  }

  /// The type that `path` means in the type `index`.
  func resolve(_ path: [String], in index: Int) -> Int? {
    var scope: Int? = index
    while let current = scope {
      if let first = path.first, let found = drafts[current].innerTypes[first] {
        return path.dropFirst().reduce(found as Int?) { type, name in
          type.flatMap { drafts[$0].innerTypes[name] }
        }
      }
      scope = drafts[current].outer
    }
    return nil
  }

  /// The enumeration that `path` means in the type `index`.
  func enumeration(_ path: [String], in index: Int) -> Enumeration? {
    guard let name = path.last else { return nil }
    if path.count > 1 {
      return resolve(path.dropLast(), in: index).flatMap { drafts[$0].enumerations[name] }
    }
    var scope: Int? = index
    while let current = scope {
      if let found = drafts[current].enumerations[name] { return found }
      scope = drafts[current].outer
    }
    return nil
  }

  // MARK: What a type consists of

  private mutating func type(_ index: Int) throws(LayoutError) -> TypeDefinition {
    let draft = drafts[index]
    let nodes = try draft.entries["seq"].map(Self.items) ?? []
    let places = try bitPlaces(nodes, draft.defaults)
    var fields: [FieldDefinition] = []
    for (node, place) in zip(nodes, places) {
      let entries = try LayoutEntries(node, known: Self.attributeKeys)
      fields.append(
        try field(draft.fieldNames[fields.count], entries, in: index, bits: place))
    }
    var instances: [FieldDefinition] = []
    for entry in try draft.entries["instances"].map(LayoutEntries.all) ?? [] {
      let entries = try LayoutEntries(
        entry.value, known: Self.instanceKeys, refused: Self.refusedAttributeKeys)
      instances.append(try instance(entry.key, entries, in: index))
    }
    var rules: [Rule] = []
    for node in try draft.entries["-ferry-rules"].map(Self.items) ?? [] {
      rules.append(try rule(node, in: index))
    }
    return TypeDefinition(
      name: draft.name, documentation: try draft.entries["doc"].map(Self.text), fields: fields,
      instances: instances, counters: draft.counters, rules: rules)
  }

  private mutating func rule(_ node: YAMLNode, in index: Int) throws(LayoutError) -> Rule {
    let entries = try LayoutEntries(
      node, known: ["id", "expect", "if", "severity", "message", "field"])
    let field = try entries["field"].map(Self.string)
    if let field, let node = entries["field"], !allNames.contains(field) {
      throw LayoutError(.text, at: .text(node.mark), "expected a field, found no '\(field)'")
    }
    return Rule(
      id: try entries["id"].map(Self.identifier),
      condition: try expression(try entries.required("expect"), in: index, isOwn: true),
      guardCondition: try optionalExpression(entries["if"], in: index, isOwn: true),
      severity: try Self.severity(entries["severity"]),
      message: try message(try entries.required("message"), in: index), field: field)
  }

  private mutating func detection(_ entries: LayoutEntries) throws(LayoutError) -> [DetectionRule] {
    var rules: [DetectionRule] = []
    for node in try entries["-ferry-detect"].map(Self.items) ?? [] {
      let rule = try LayoutEntries(node, known: ["type", "if", "certainty", "reason"])
      var type = 0
      if let node = rule["type"] {
        let name = try Self.string(node)
        guard let found = resolve(Self.path(name), in: 0) else {
          throw LayoutError(.text, at: .text(node.mark), "expected a type, found no '\(name)'")
        }
        type = found
      }
      let certaintyNode = try rule.required("certainty")
      let text = try Self.string(certaintyNode)
      guard let certainty = DetectionCertainty(label: text) else {
        throw LayoutError(
          .text, at: .text(certaintyNode.mark),
          "expected certain, likely or possible, found '\(text)'")
      }
      rules.append(
        DetectionRule(
          type: type, condition: try optionalExpression(rule["if"], in: type, isOwn: true),
          certainty: certainty, reason: try Self.text(try rule.required("reason"))))
    }
    return rules
  }

  // MARK: Expressions and messages

  /// Reads an expression; `isOwn` if it stands under one of Ferry's own keys and may name counts.
  mutating func expression(
    _ node: YAMLNode, in index: Int, isOwn: Bool = false
  ) throws(LayoutError) -> Expression {
    try expression(try Self.string(node), at: node.mark, in: index, isOwn: isOwn)
  }

  mutating func optionalExpression(
    _ node: YAMLNode?, in index: Int, isOwn: Bool = false
  ) throws(LayoutError) -> Expression? {
    guard let node else { return nil }
    return try expression(node, in: index, isOwn: isOwn)
  }

  private mutating func expression(
    _ text: String, at mark: YAMLMark, in index: Int, isOwn: Bool
  ) throws(LayoutError) -> Expression {
    do throws(ExpressionProblem) {
      let expression = try ExpressionParser.parse(
        text, in: TypeScope(reader: self, type: index, hasCounters: isOwn))
      usesStreamEnd = usesStreamEnd || !isOwn && expression.usesStreamEnd
      return expression
    } catch {
      throw LayoutError(
        error.isUnsupported ? .unsupported : .expression, at: .text(mark),
        error.isUnsupported
          ? "\(error.message): outside of the subset of Kaitai Struct that is understood"
          : "in '\(text)': \(error.message)")
    }
  }

  mutating func message(_ node: YAMLNode, in index: Int) throws(LayoutError) -> Message {
    var pieces: [Message.Piece] = []
    var rest = Substring(try Self.text(node))
    while let open = rest.firstIndex(of: "{") {
      if open > rest.startIndex { pieces.append(.text(String(rest[..<open]))) }
      guard let close = rest[open...].firstIndex(of: "}") else {
        throw LayoutError(.text, at: .text(node.mark), "expected '}' after '{'")
      }
      var text = rest[rest.index(after: open)..<close]
      let isHexadecimal = text.first == "#"
      if isHexadecimal { text.removeFirst() }
      pieces.append(
        .value(
          try expression(String(text), at: node.mark, in: index, isOwn: true),
          isHexadecimal: isHexadecimal))
      rest = rest[rest.index(after: close)...]
    }
    if !rest.isEmpty { pieces.append(.text(String(rest))) }
    return Message(pieces: pieces)
  }
}

/// The names that an expression can use in a type.
private struct TypeScope: NameScope {
  let reader: LayoutReader
  let type: Int
  let hasCounters: Bool

  func meaning(of name: String) -> Expression? {
    let draft = reader.drafts[type]
    if let index = draft.fieldNames.firstIndex(of: name) { return .field(index) }
    if let index = draft.instanceNames.firstIndex(of: name) { return .instance(index) }
    if hasCounters, let index = draft.counters.firstIndex(of: name) { return .counter(index) }
    return nil
  }

  func isFieldName(_ name: String) -> Bool { reader.allNames.contains(name) }

  func enumeration(_ path: [String]) -> Enumeration? { reader.enumeration(path, in: type) }
}

/// For constants.
private struct NoNames: NameScope {
  func meaning(of name: String) -> Expression? { nil }
  func isFieldName(_ name: String) -> Bool { false }
  func enumeration(_ path: [String]) -> Enumeration? { nil }
}
