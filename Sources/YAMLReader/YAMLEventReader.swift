private import CYAML

/// Owns a libyaml parser over a buffer of the caller's and builds nodes from its events.
@safe struct YAMLEventReader: ~Copyable {
  // libyaml keeps pointers into its parser, so it must not move.
  private let parser: UnsafeMutableRawPointer
  private let limits: YAMLLimits
  private var nodeCount = 0

  private struct Event {
    enum Kind {
      case streamStart, streamEnd, documentStart, documentEnd
      case scalar(String, isPlain: Bool)
      case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    }
    let kind: Kind
    let mark: YAMLMark
  }

  /// `buffer` must outlive the reader.
  init(reading buffer: UnsafeBufferPointer<UInt8>, limits: YAMLLimits) {
    let memory = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    // SAFETY: initialised here, deleted in deinit, used nowhere else.
    unsafe yaml_parser_initialize(memory)
    unsafe yaml_parser_set_input_string(memory, buffer.baseAddress, buffer.count)
    unsafe yaml_parser_set_encoding(memory, YAML_UTF8_ENCODING)
    unsafe parser = UnsafeMutableRawPointer(memory)
    self.limits = limits
  }

  deinit {
    unsafe yaml_parser_delete(parser.assumingMemoryBound(to: yaml_parser_t.self))
    unsafe parser.deallocate()
  }

  mutating func document() throws(YAMLError) -> YAMLNode {
    _ = try next()
    let start = try next()
    guard case .documentStart = start.kind else {
      throw YAMLError(.syntax, at: start.mark, "expected a document, found an empty text")
    }
    let node = try node(from: try next(), depth: 0)
    _ = try next()
    let end = try next()
    guard case .streamEnd = end.kind else {
      throw YAMLError(.syntax, at: end.mark, "expected one document, found another")
    }
    return node
  }

  private mutating func node(from event: Event, depth: Int) throws(YAMLError) -> YAMLNode {
    nodeCount += 1
    guard nodeCount <= limits.nodeCount else {
      throw YAMLError(.limit, at: event.mark, "expected at most \(limits.nodeCount) values")
    }
    guard depth <= limits.depth else {
      throw YAMLError(.limit, at: event.mark, "expected at most \(limits.depth) levels")
    }
    switch event.kind {
    case .scalar(let text, let isPlain):
      return YAMLNode(.scalar(text, isPlain: isPlain), at: event.mark)
    case .sequenceStart:
      var items: [YAMLNode] = []
      while true {
        let item = try next()
        if case .sequenceEnd = item.kind { return YAMLNode(.sequence(items), at: event.mark) }
        items.append(try node(from: item, depth: depth + 1))
      }
    case .mappingStart:
      return try mapping(at: event.mark, depth: depth)
    default:
      throw YAMLError(.syntax, at: event.mark, "expected a value")
    }
  }

  private mutating func mapping(at mark: YAMLMark, depth: Int) throws(YAMLError) -> YAMLNode {
    var entries: [YAMLNode.Entry] = []
    var keys: Set<String> = []
    while true {
      let event = try next()
      if case .mappingEnd = event.kind { return YAMLNode(.mapping(entries), at: mark) }
      guard case .scalar(let key, _) = event.kind else {
        throw YAMLError(.type, at: event.mark, "expected a scalar as key")
      }
      guard keys.insert(key).inserted else {
        throw YAMLError(.value, at: event.mark, "expected each key once, found '\(key)' again")
      }
      let value = try node(from: try next(), depth: depth + 1)
      entries.append(YAMLNode.Entry(key: key, keyMark: event.mark, value: value))
    }
  }

  private func mark(_ mark: yaml_mark_t) -> YAMLMark {
    YAMLMark(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
  }

  private mutating func next() throws(YAMLError) -> Event {
    let parser = unsafe parser.assumingMemoryBound(to: yaml_parser_t.self)
    var event = unsafe yaml_event_t()
    guard unsafe yaml_parser_parse(parser, &event) == 1 else {
      let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) }
      let mark = unsafe mark(parser.pointee.problem_mark)
      throw YAMLError(.syntax, at: mark, "not YAML: \(problem ?? "malformed text")")
    }
    defer { unsafe yaml_event_delete(&event) }
    let mark = unsafe mark(event.start_mark)
    let refuse = { (what: String) in
      YAMLError(
        .syntax, at: mark, "expected plain values, found \(what), which is not accepted here")
    }
    switch unsafe event.type {
    case YAML_STREAM_START_EVENT: return Event(kind: .streamStart, mark: mark)
    case YAML_STREAM_END_EVENT: return Event(kind: .streamEnd, mark: mark)
    case YAML_DOCUMENT_START_EVENT:
      guard
        unsafe event.data.document_start.tag_directives.start
          == event.data.document_start.tag_directives.end
      else { throw refuse("a tag directive") }
      return Event(kind: .documentStart, mark: mark)
    case YAML_DOCUMENT_END_EVENT: return Event(kind: .documentEnd, mark: mark)
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      if unsafe scalar.anchor != nil { throw refuse("an anchor") }
      if unsafe scalar.tag != nil { throw refuse("a tag") }
      let text = unsafe String(
        decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      let isPlain = unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE
      return Event(kind: .scalar(text, isPlain: isPlain), mark: mark)
    case YAML_SEQUENCE_START_EVENT:
      if unsafe event.data.sequence_start.anchor != nil { throw refuse("an anchor") }
      if unsafe event.data.sequence_start.tag != nil { throw refuse("a tag") }
      return Event(kind: .sequenceStart, mark: mark)
    case YAML_SEQUENCE_END_EVENT: return Event(kind: .sequenceEnd, mark: mark)
    case YAML_MAPPING_START_EVENT:
      if unsafe event.data.mapping_start.anchor != nil { throw refuse("an anchor") }
      if unsafe event.data.mapping_start.tag != nil { throw refuse("a tag") }
      return Event(kind: .mappingStart, mark: mark)
    case YAML_MAPPING_END_EVENT: return Event(kind: .mappingEnd, mark: mark)
    case YAML_ALIAS_EVENT: throw refuse("an alias")
    default: throw refuse("an empty event")
    }
  }
}

/// What a YAML text may cost: reading stops with an error when it asks for more.
public struct YAMLLimits: Sendable, Hashable {
  /// The most bytes of text.
  public var byteCount: Int
  /// The most levels of nesting.
  public var depth: Int
  /// The most scalars, sequences and mappings together.
  public var nodeCount: Int

  /// 4 MiB of text, 64 levels, half a million nodes.
  public static var standard: Self { Self(byteCount: 4 << 20, depth: 64, nodeCount: 500_000) }

  /// Limits that a reader holds a text against before it builds anything.
  public init(byteCount: Int, depth: Int, nodeCount: Int) {
    self.byteCount = byteCount
    self.depth = depth
    self.nodeCount = nodeCount
  }
}
