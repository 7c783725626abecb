extension YAMLNode {
  /// The scalar's text.
  public func string() throws(YAMLError) -> String {
    guard case .scalar(let text, _) = content else {
      throw error(.type, "expected text, found \(kind)")
    }
    return text
  }

  /// `true` or `false`, as YAML 1.2's core schema spells them.
  public func bool() throws(YAMLError) -> Bool {
    if case .scalar(let text, isPlain: true) = content {
      switch text {
      case "true", "True", "TRUE": return true
      case "false", "False", "FALSE": return false
      default: break
      }
    }
    throw error(.type, "expected true or false, found \(kind)")
  }

  /// An integer in `range`, decimal or hexadecimal (`0x…`).
  public func integer<T: FixedWidthInteger>(
    in range: ClosedRange<T> = T.min...T.max
  ) throws(YAMLError) -> T {
    guard case .scalar(let text, isPlain: true) = content else {
      throw error(.type, "expected an integer, found \(kind)")
    }
    guard let value = T(yaml: text), range.contains(value) else {
      throw error(
        .value, "expected an integer from \(range.lowerBound) to \(range.upperBound), found \(kind)"
      )
    }
    return value
  }

  /// A number of bytes: an integer, optionally with `KiB`, `MiB`, `GiB` or `TiB` behind it.
  public func byteCount() throws(YAMLError) -> UInt64 {
    let text = try string()
    for (suffix, shift) in [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)]
    where text.hasSuffix(suffix) {
      var digits = text.dropLast(suffix.count)
      while digits.last == " " { digits.removeLast() }
      guard let count = UInt64(yaml: String(digits)), count <= UInt64.max >> UInt64(shift) else {
        break
      }
      return count << UInt64(shift)
    }
    guard let count = UInt64(yaml: text) else {
      throw error(.value, "expected a size such as 4096 or 16KiB, found \(kind)")
    }
    return count
  }

  /// Whether the node is YAML's null: empty, `~` or `null`.
  public var isNull: Bool {
    guard case .scalar(let text, isPlain: true) = content else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }
}

extension FixedWidthInteger {
  fileprivate init?(yaml text: String) {
    let digits = text.hasPrefix("-") ? text.dropFirst() : Substring(text)
    guard let first = digits.first, first.isASCII, first.isNumber else { return nil }
    if digits.hasPrefix("0x") {
      guard digits.count == text.count, let value = Self(digits.dropFirst(2), radix: 16),
        digits.dropFirst(2).first != "+", digits.dropFirst(2).first != "-"
      else { return nil }
      self = value
    } else {
      guard let value = Self(text, radix: 10) else { return nil }
      self = value
    }
  }
}
