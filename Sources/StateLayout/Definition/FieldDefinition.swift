import ByteIO

/// One attribute or instance of a layout: how to read and write a field.
final class FieldDefinition: Sendable {
  /// The kind of one item of the field.
  enum Kind: Sendable {
    case integer(IntegerFormat)
    case bits(BitPlace)
    case bytes
    case constant([UInt8])
    case text(TextFormat)
    case record(Int)
    case choice(on: Expression, cases: [Case], otherwise: Choice?)
  }

  /// The content that a switch selects; nil for raw bytes if no case matches.
  enum Choice: Sendable {
    case record(Int)
    case integer(IntegerFormat)
  }

  struct Case: Sendable {
    let value: Expression
    let choice: Choice
  }

  enum Repetition: Sendable {
    case once
    case count(Expression, measures: Measurement?)
    case untilEnd
    case until(Expression)
  }

  enum Extent: Sendable {
    /// The natural length of its kind.
    case natural
    case size(Expression, measures: Measurement?)
    case toEnd
  }

  /// An allowed value, or a condition on it.
  enum Validity: Sendable {
    case equal(Expression)
    case minimum(Expression)
    case maximum(Expression)
    case anyOf([Expression])
    case inEnumeration
    case expression(Expression, text: String)
  }

  let name: String
  let documentation: String?
  let kind: Kind
  let repetition: Repetition
  let extent: Extent
  let condition: Expression?
  /// Where an instance stands in its stream.
  let position: Expression?
  /// The expression of a computed instance.
  let value: Expression?
  let enumeration: Enumeration?
  /// Names of bits.
  let flags: Enumeration?
  let validity: [Validity]
  let severity: LayoutFinding.Severity
  let itemRules: [ItemRule]
  let isPadding: Bool
  let isHexadecimal: Bool

  init(
    name: String, documentation: String? = nil, kind: Kind, repetition: Repetition = .once,
    extent: Extent = .natural, condition: Expression? = nil, position: Expression? = nil,
    value: Expression? = nil, enumeration: Enumeration? = nil, flags: Enumeration? = nil,
    validity: [Validity] = [], severity: LayoutFinding.Severity = .error,
    itemRules: [ItemRule] = [], isPadding: Bool = false,
    isHexadecimal: Bool = false
  ) {
    self.name = name
    self.documentation = documentation
    self.kind = kind
    self.repetition = repetition
    self.extent = extent
    self.condition = condition
    self.position = position
    self.value = value
    self.enumeration = enumeration
    self.flags = flags
    self.validity = validity
    self.severity = severity
    self.itemRules = itemRules
    self.isPadding = isPadding
    self.isHexadecimal = isHexadecimal
  }

  /// Whether an integer is one of the allowed values, as far as that is known without evaluating an
  /// expression.
  func admits(_ value: Int128) -> Bool {
    validity.allSatisfy { validity in
      switch validity {
      case .equal(.integer(let allowed)): value == allowed
      case .minimum(.integer(let minimum)): value >= minimum
      case .maximum(.integer(let maximum)): value <= maximum
      case .inEnumeration: enumeration?.entries[value] != nil
      default: false
      }
    }
  }

  /// The label of an integer, or those of its bits.
  func meaning(of value: Int128) -> String? {
    enumeration?.entries[value]?.label ?? flags?.names(ofBitsIn: value)
  }

  var isRepeated: Bool { if case .once = repetition { false } else { true } }
}

/// How an integer lies in its bytes.
struct IntegerFormat: Sendable, Hashable {
  let byteCount: Int
  let isSigned: Bool
  let isBigEndian: Bool

  /// Whether the value fits.
  func holds(_ value: Int128) -> Bool {
    let unused = UInt64(64 - 8 * byteCount)
    if isSigned {
      guard let value = Int64(exactly: value) else { return false }
      return (value << unused) >> unused == value
    }
    guard let value = UInt64(exactly: value) else { return false }
    return (value << unused) >> unused == value
  }

  /// The values that fit.
  var range: ClosedRange<Int128> {
    let one: Int128 = 1
    return isSigned
      ? -(one << (byteCount * 8 - 1))...(one << (byteCount * 8 - 1)) - 1
      : 0...(one << (byteCount * 8)) - 1
  }
}

/// Where a bit field lies in the run of bit fields that it belongs to, which fills whole bytes.
struct BitPlace: Sendable, Hashable {
  /// The number of bits before it in the run.
  let offset: Int
  let width: Int
  /// The bytes of the whole run.
  let runByteCount: Int
  /// Whether the highest bit of the first byte comes first (`be`), or the lowest (`le`).
  let isBigEndian: Bool

  var isFirst: Bool { offset == 0 }
  var isLast: Bool { offset + width == runByteCount * 8 }
}

/// Text of a fixed or delimited length.
struct TextFormat: Sendable, Hashable {
  let isASCII: Bool
  /// The byte that fills the field behind the text.
  let padding: UInt8?
  /// The byte that ends the text before its field does.
  let terminator: UInt8?

  /// The text in a field's bytes; nil if it is not in the encoding, or would not be written back
  /// the same. `rest` is what stands behind it, if that is not what would be written there.
  func text(of bytes: [UInt8]) -> (text: String, rest: [UInt8])? {
    var end = bytes.count
    if let padding { while end > 0, bytes[end - 1] == padding { end -= 1 } }
    var content = bytes[..<end]
    if let terminator, let index = content.firstIndex(of: terminator) {
      content = bytes[..<index]
    }
    if isASCII, content.contains(where: { $0 >= 0x80 }) { return nil }
    guard let text = String(validating: content, as: UTF8.self) else { return nil }
    return (text, content.endIndex == end ? [] : Array(bytes[content.endIndex...]))
  }

  /// The bytes of a field of `byteCount` bytes, or of as many as the text takes; nil if it does not
  /// fit.
  func bytes(of text: String, byteCount: UInt64?) -> [UInt8]? {
    var bytes = Array(text.utf8)
    if isASCII, bytes.contains(where: { $0 >= 0x80 }) { return nil }
    guard let byteCount, UInt64(bytes.count) != byteCount else { return bytes }
    guard let padding, UInt64(bytes.count) < byteCount, byteCount <= 1 << 24 else { return nil }
    bytes += Array(repeating: padding, count: Int(byteCount) - bytes.count)
    return bytes
  }
}

/// Labels of integers.
final class Enumeration: Sendable {
  struct Entry: Sendable {
    let label: String
    let documentation: String?
  }

  let name: String
  let entries: [Int128: Entry]

  init(name: String, entries: [Int128: Entry]) {
    self.name = name
    self.entries = entries
  }

  func value(of label: String) -> Int128? {
    entries.first { $0.value.label == label }?.key
  }

  /// The labels of the bits of `value`, if they are masks: `stop_copy | p2p | 0x10`, whose last are
  /// bits without one. Nil for a value without bits that has no label, and for one below zero.
  func names(ofBitsIn value: Int128) -> String? {
    guard value > 0 else { return entries[value]?.label }
    var rest = value
    var found: [Int128] = []
    // A mask of several bits is taken whole, before those of a bit each.
    let masks = entries.keys.filter { $0 > 0 }.sorted {
      ($1.nonzeroBitCount, $1) < ($0.nonzeroBitCount, $0)
    }
    for mask in masks where rest & mask == mask {
      rest &= ~mask
      found.append(mask)
    }
    var names = found.sorted().compactMap { entries[$0]?.label }
    if rest > 0 { names.append("0x\(hex(rest))") }
    return names.joined(separator: " | ")
  }
}

/// A field that measures another: `size: length - 16` makes `length` what `size` says plus 16.
struct Measurement: Sendable {
  /// The structures to leave before the path begins.
  let hops: Int
  /// The names from there.
  let path: [String]
  /// The steps that undo the expression, from the outside in.
  let steps: [Step]

  enum Step: Sendable {
    case add(Int128)
    case subtractFrom(Int128)
    case divide(Int128)
  }

  /// The value that makes the expression `measured`; nil if there is none.
  func value(for measured: UInt64) -> Int128? {
    var value = Int128(measured)
    for step in steps {
      switch step {
      case .add(let constant):
        let (sum, overflow) = value.addingReportingOverflow(constant)
        if overflow { return nil }
        value = sum
      case .subtractFrom(let constant):
        let (difference, overflow) = constant.subtractingReportingOverflow(value)
        if overflow { return nil }
        value = difference
      case .divide(let constant):
        guard constant > 0, value % constant == 0 else { return nil }
        value /= constant
      }
    }
    return value
  }
}
