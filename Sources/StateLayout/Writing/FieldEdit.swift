/// A change of fields of a state: `ports[0].count=16`.
public struct FieldEdit: Sendable, Hashable {
  /// The fields; with `[]` in its path, one of every item.
  public let pattern: FieldPattern
  /// The value as the user gave it.
  public let value: String

  /// Reads `PATH=VALUE`; throws `path` if it is none.
  ///
  /// The value of an integer is a number (decimal or `0x…`), a label of its enumeration, or labels
  /// of bits with `|` between them; that of bytes is in hexadecimal digits.
  public init(_ text: String) throws(LayoutError) {
    guard let sign = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
      throw LayoutError(.path, at: .field(text), "expected PATH=VALUE, found no '='")
    }
    pattern = try FieldPattern(String(text[..<sign]))
    value = String(text[sign...].dropFirst())
  }
}

/// A state with other values in some fields.
public struct EditedState: Sendable {
  /// The bytes; parts that were not loaded are ranges of the state as it was.
  public let payload: Payload
  /// The fields that differ from what they were, those that followed among them.
  public let changes: FieldComparison
}

/// Why a state was not edited.
public enum EditError<SourceFailure: Error>: Error {
  /// It could not be read.
  case source(SourceFailure)
  /// A field is not there, cannot have the value, or the state cannot be written with it.
  case field(LayoutError)
  /// The layout finds errors in the result: the first, and the number of all that it has kept.
  case unsound(LayoutFinding, count: Int)
}

extension Layout {
  /// Changes fields of a state, lets lengths and counts follow, and takes the result apart again:
  /// it is sound, and has the values that were asked for, or nothing comes of it.
  public func edit<Source: StateSource>(
    _ source: Source, _ edits: [FieldEdit]
  ) throws(EditError<Source.Failure>) -> EditedState {
    let tree: LayoutTree
    do throws(Source.Failure) { tree = try dissect(source) } catch { throw .source(error) }
    var changed = tree
    var wanted: [LocatedField] = []
    let payload: Payload
    do throws(LayoutError) {
      for edit in edits {
        for field in try tree.fields(edit.pattern) {
          let content = try field.content(for: edit.value)
          try changed.root.update(field.path) { $0.content = content }
          wanted.append(LocatedField(path: field.path, node: LayoutNode(field.node.name, content)))
        }
      }
      payload = try changed.encode()
    } catch {
      throw .field(error)
    }
    let (result, changes): (LayoutTree, FieldComparison)
    do throws(Source.Failure) {
      let edited = PayloadSource(payload, over: source)
      result = try dissect(edited)
      changes = try tree.differences(from: result, source: source, otherSource: edited)
    } catch {
      throw .source(error)
    }
    let errors = result.findings.filter { $0.severity == .error }
    if let first = errors.first { throw .unsound(first, count: errors.count) }
    for field in wanted where result[field.path].map(field.node.hasValue(of:)) != true {
      throw .field(
        LayoutError(
          .value, at: .field(field.path),
          "expected a field of its own value, found that it follows from others"))
    }
    return EditedState(payload: payload, changes: changes)
  }
}

extension LocatedField {
  /// What the field has if its value is `text`.
  fileprivate func content(for text: String) throws(LayoutError) -> LayoutNode.Content {
    switch node.content {
    case .integer:
      guard let value = node.field.flatMap({ $0.value(named: text) }) ?? Self.integer(text) else {
        throw problem("an integer or a label of the layout", text)
      }
      return .integer(value)
    case .text: return .text(text)
    case .bytes:
      guard let bytes = Self.bytes(text) else {
        throw problem("hexadecimal digits, in pairs", text)
      }
      return .bytes(Payload(bytes))
    case .record, .list:
      throw LayoutError(
        .value, at: .field(path), "expected a field with a value, found one that has fields")
    }
  }

  private func problem(_ expected: String, _ text: String) -> LayoutError {
    LayoutError(.value, at: .field(path), "expected \(expected), found '\(text)'")
  }

  private static func integer(_ text: String) -> Int128? {
    guard text.hasPrefix("0x") else { return Int128(text) }
    let digits = text.dropFirst(2)
    return digits.allSatisfy(\.isHexDigit) ? Int128(digits, radix: 16) : nil
  }

  private static func bytes(_ text: String) -> [UInt8]? {
    let digits = text.utf8.filter { $0 != UInt8(ascii: " ") }
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      let pair = digits[index...].prefix(2)
      // A sign is a digit to no one but the initializer.
      guard let byte = UInt8(String(decoding: pair, as: UTF8.self), radix: 16),
        pair.first != UInt8(ascii: "+")
      else { return nil }
      bytes.append(byte)
    }
    return bytes
  }
}

extension FieldDefinition {
  /// The integer that a label stands for, or labels of bits with `|` between them.
  fileprivate func value(named text: String) -> Int128? {
    if let value = enumeration?.value(of: text) { return value }
    let names = text.split(separator: "|")
    guard let flags, !names.isEmpty else { return nil }
    var value: Int128 = 0
    for name in names {
      guard let mask = flags.value(of: String(name.filter { $0 != " " })) else { return nil }
      value |= mask
    }
    return value
  }
}

extension LayoutNode {
  /// Whether the value is the same as that of `other`.
  fileprivate func hasValue(of other: LayoutNode) -> Bool {
    switch content {
    case .integer(let value): other.integer == value
    case .text(let text): other.text == text
    case .bytes(let payload): other.payload?.loadedBytes == payload.loadedBytes
    case .record, .list: false
    }
  }
}
