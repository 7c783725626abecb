/// Bytes of a state, written field by field.
package struct StateWriter {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// Appends an integer, the lowest byte first.
  package mutating func put(_ value: some FixedWidthInteger) {
    for index in 0..<value.bitWidth / 8 {
      bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index)))
    }
  }

  package mutating func put(_ more: [UInt8]) { bytes += more }

  package mutating func put(zeros count: Int) { bytes += Array(repeating: 0, count: count) }

  /// Appends text, filled with zeros to `count` bytes.
  package mutating func put(_ text: String, filling count: Int) {
    bytes += Array(text.utf8)
    put(zeros: count - text.utf8.count)
  }
}

extension [UInt8] {
  /// The bytes with an integer put over those from `offset`.
  package func replacing(_ value: some FixedWidthInteger, at offset: Int) -> [UInt8] {
    var copy = self
    for index in 0..<value.bitWidth / 8 {
      copy[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
    }
    return copy
  }
}
