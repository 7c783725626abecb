/// `value` in lower-case hexadecimal with at least `digits` digits and no prefix.
package func hex(_ value: some BinaryInteger, digits: Int = 1) -> String {
  let text = String(value, radix: 16)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}
