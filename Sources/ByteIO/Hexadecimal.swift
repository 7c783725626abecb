/// `value` in lower-case hexadecimal with at least `digits` digits and no prefix.
package func hex(_ value: some BinaryInteger, digits: Int = 1) -> String {
  let text = String(value, radix: 16)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}

/// `bytes` as pairs of hexadecimal digits with `separator` between them.
package func hex(_ bytes: some Sequence<UInt8>, separator: String = "") -> String {
  bytes.map { hex($0, digits: 2) }.joined(separator: separator)
}
