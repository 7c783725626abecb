/// A field of a dissected or composed state: a name, a content, and the range that it was read
/// from.
public struct LayoutNode: Sendable {
  /// The content of a field.
  public enum Content: Sendable {
    case integer(Int128)
    case text(String)
    case bytes(Payload)
    /// A structure's fields, in their order.
    case record([LayoutNode])
    indirect case list(Items)
  }

  /// The origin of a field.
  public enum Origin: Sendable, Hashable {
    /// Its place in its structure's sequence.
    case sequence
    /// A place that the layout names; the bytes may be another field's too.
    case position
    /// Computed from other fields; there are no bytes of it.
    case computed
    /// Bytes that the layout does not describe.
    case remainder
  }

  /// The content of a node, which its copies share until one of them is changed.
  // SAFETY: it is only changed if `isKnownUniquelyReferenced` says that no other node has it.
  private final class Body: @unchecked Sendable {
    var name: String
    var stored: Stored
    var range: Range<UInt64>?
    var origin: Origin
    var shortfall: Shortfall?
    let field: FieldDefinition?

    init(
      _ name: String, _ stored: Stored, _ field: FieldDefinition?, _ range: Range<UInt64>?,
      _ origin: Origin, _ shortfall: Shortfall?
    ) {
      self.name = name
      self.stored = stored
      self.field = field
      self.range = range
      self.origin = origin
      self.shortfall = shortfall
    }
  }

  /// The content, with an integer in halves: memory aligned to 16 bytes takes several times as long
  /// to allocate.
  private enum Stored {
    case integer(low: UInt64, high: Int64)
    case text(String)
    case bytes(Payload)
    case record([LayoutNode])
    /// An array of which all items are kept, as of most, which then takes no memory of its own.
    case whole([LayoutNode])
    indirect case list(Items)
    /// Text with bytes behind its end, in its field, that mean nothing.
    indirect case residual(String, [UInt8])

    init(_ content: Content) {
      switch content {
      case .integer(let value):
        self = .integer(
          low: UInt64(truncatingIfNeeded: value), high: Int64(truncatingIfNeeded: value >> 64))
      case .text(let text): self = .text(text)
      case .bytes(let payload): self = .bytes(payload)
      case .record(let fields): self = .record(fields)
      case .list(let items): self.init(items)
      }
    }

    init(_ items: Items) {
      self =
        items.elided == nil && items.elidedCount == 0 && items.last.isEmpty
        ? .whole(items.first) : .list(items)
    }

    var content: Content {
      switch self {
      case .integer(let low, let high): .integer(Int128(high) << 64 | Int128(low))
      case .text(let text): .text(text)
      case .bytes(let payload): .bytes(payload)
      case .record(let fields): .record(fields)
      case .whole(let items): .list(Items(items))
      case .list(let items): .list(items)
      case .residual(let text, _): .text(text)
      }
    }
  }

  // A state has thousands of nodes, which are handed on and looked at far more often than changed.
  private var body: Body

  private mutating func own() -> Body {
    if !isKnownUniquelyReferenced(&body) {
      body = Body(
        body.name, body.stored, body.field, body.range, body.origin, body.shortfall)
    }
    return body
  }

  /// The field's name in its layout; items of an array have the array's.
  public var name: String {
    get { body.name }
    set { own().name = newValue }
  }

  /// The field's content. Setting it clears `range`, and completes a node that was read short.
  public var content: Content {
    get { body.stored.content }
    set {
      let body = own()
      body.stored = Stored(newValue)
      body.range = nil
      body.shortfall = nil
    }
  }

  /// The bytes that it was read from, counted from the start of the state; nil if it was not read,
  /// or was changed.
  public var range: Range<UInt64>? { body.range }

  /// Where the field stands: in its sequence, at a position, computed, or beyond the layout.
  public internal(set) var origin: Origin {
    get { body.origin }
    set { own().origin = newValue }
  }

  /// Why the node has less than its layout wants; nil if it does not.
  var shortfall: Shortfall? {
    get { body.shortfall }
    set { own().shortfall = newValue }
  }

  /// The bytes behind the end of a text, in its field, that mean nothing. Setting the content
  /// clears them.
  var residue: [UInt8] {
    get {
      if case .residual(_, let bytes) = body.stored { bytes } else { [] }
    }
    set {
      guard case .text(let text) = content else { return }
      own().stored = newValue.isEmpty ? .text(text) : .residual(text, newValue)
    }
  }

  var field: FieldDefinition? { body.field }

  init(
    _ name: String, _ content: Content, field: FieldDefinition?, range: Range<UInt64>?,
    origin: Origin = .sequence
  ) {
    body = Body(name, Stored(content), field, range, origin, nil)
  }

  /// An array, as `.list` has it.
  init(_ name: String, _ items: Items, field: FieldDefinition?, range: Range<UInt64>?) {
    body = Body(name, Stored(items), field, range, .sequence, nil)
  }

  /// A field to be put into a tree; its place there gives it its type.
  public init(_ name: String, _ content: Content) {
    self.init(name, content, field: nil, range: nil)
  }

  /// An integer field to be put into a tree.
  public init(_ name: String, _ value: some BinaryInteger) {
    self.init(name, .integer(Int128(value)))
  }

  /// A text field to be put into a tree.
  public init(_ name: String, text: String) { self.init(name, .text(text)) }
  /// A field of bytes to be put into a tree.
  public init(_ name: String, bytes: [UInt8]) { self.init(name, .bytes(Payload(bytes))) }
  /// A structure to be put into a tree.
  public init(_ name: String, fields: [LayoutNode]) { self.init(name, .record(fields)) }
  /// An array to be put into a tree; each item has the array's name or any other.
  public init(_ name: String, items: [LayoutNode]) { self.init(name, .list(Items(items))) }
}

extension LayoutNode {
  // If it is inlined, the optimizer of Swift 6.3.1 makes code of it that it then refuses.
  /// The integer, if the field is one.
  @inline(never) public var integer: Int128? {
    guard case .integer(let low, let high) = body.stored else { return nil }
    return Int128(high) << 64 | Int128(low)
  }

  /// The text, if the field is text.
  public var text: String? {
    switch body.stored {
    case .text(let text), .residual(let text, _): text
    default: nil
    }
  }

  /// The bytes, if the field is bytes.
  public var payload: Payload? {
    if case .bytes(let payload) = body.stored { payload } else { nil }
  }

  /// The fields of a structure; none of anything else.
  public var fields: [LayoutNode] {
    if case .record(let fields) = body.stored { fields } else { [] }
  }

  /// The field of a structure with this name; nil of anything else.
  func field(named name: String) -> LayoutNode? {
    guard case .record(let fields) = body.stored else { return nil }
    for field in fields where field.body.name == name { return field }
    return nil
  }

  /// The items that are kept of an array; none of anything else.
  public var items: [LayoutNode] {
    switch body.stored {
    case .whole(let items): items
    case .list(let items): items.first + items.last
    default: []
    }
  }

  /// The items, if the field is an array. To ask for its content takes memory.
  var list: Items? {
    switch body.stored {
    case .whole(let items): Items(items)
    case .list(let items): items
    default: nil
    }
  }

  /// Whether the field is a structure.
  var isRecord: Bool {
    if case .record = body.stored { true } else { false }
  }

  /// What the field is in an expression.
  var value: Value {
    switch body.stored {
    case .integer(let low, let high): .integer(Int128(high) << 64 | Int128(low))
    case .text(let text), .residual(let text, _): .text(text)
    case .bytes(let payload): .bytes(payload)
    case .record, .whole, .list: .node(self)
    }
  }

  /// The layout's documentation of the field.
  public var documentation: String? { field?.documentation }

  /// The label that the layout gives the value, or those of its bits: `stop_copy | p2p`.
  public var meaning: String? { integer.flatMap { field?.meaning(of: $0) } }

  /// The layout's documentation of the value.
  public var meaningDocumentation: String? {
    guard let integer, let enumeration = field?.enumeration else { return nil }
    return enumeration.entries[integer]?.documentation
  }

  /// Whether the layout wants the integer shown in hexadecimal.
  public var isHexadecimal: Bool { field?.isHexadecimal ?? false }

  /// The number of bytes of the integer, or of one of a packed array's; nil for what is no integer.
  public var integerByteCount: Int? {
    if case .integer(let format)? = field?.kind { format.byteCount } else { nil }
  }
}

/// Why reading a node ended before its layout did.
///
/// Changing a node as a whole clears it. Until then the node is not written, because the lengths
/// around it would be made to agree with the rest.
final class Shortfall: Sendable {
  /// The way from the node to the field that could not be read; empty for the node itself.
  let path: [LayoutPath.Step]
  /// What was expected and what was found.
  let message: String

  init(path: [LayoutPath.Step], message: String) {
    self.path = path
    self.message = message
  }
}
