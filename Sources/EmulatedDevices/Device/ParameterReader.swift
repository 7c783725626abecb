import ByteIO
import Devices
import StateLayout

/// Takes the parameters of a device's name one by one, so that what is left over is an error.
struct ParameterReader {
  private let uri: DeviceURI
  private var left: [DeviceURI.Parameter]

  init(_ uri: DeviceURI, ignoring: Set<String> = []) {
    self.uri = uri
    left = uri.parameters.filter { !ignoring.contains($0.key) }
  }

  /// An error about the whole of the name.
  func malformed(_ reason: String) -> DeviceURI.Malformed {
    DeviceURI.Malformed(uri.text, reason)
  }

  mutating func all(_ key: String) -> [String] {
    let values = left.filter { $0.key == key }.map(\.value)
    left.removeAll { $0.key == key }
    return values
  }

  /// The value of `key` as `parse` reads it; nil if it is not given. An error says that it expected
  /// `what`.
  mutating func one<Value>(
    _ key: String, _ what: String, _ parse: (String) -> Value?
  ) throws(DeviceURI.Malformed) -> Value? {
    let values = all(key)
    guard values.count <= 1 else {
      throw malformed("expected \(key)= once, found it \(values.count) times")
    }
    guard let text = values.first else { return nil }
    guard let value = parse(text) else {
      throw malformed("expected \(what) in \(key)=, found '\(text)'")
    }
    return value
  }

  mutating func byteCount(_ key: String) throws(DeviceURI.Malformed) -> UInt64? {
    try one(key, "a size such as 64MiB") { UInt64(byteCount: $0) }
  }

  mutating func truth(_ key: String) throws(DeviceURI.Malformed) -> Bool? {
    try one(key, "yes or no") { ["yes": true, "no": false][$0] }
  }

  /// A decimal number, or a hexadecimal one behind `0x`.
  mutating func number<Value: FixedWidthInteger>(
    _ key: String, in range: ClosedRange<Value>
  ) throws(DeviceURI.Malformed) -> Value? {
    try one(key, "\(range.lowerBound) to \(range.upperBound)") { (text) -> Value? in
      Value(numeral: text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// A mask.
  mutating func bits(_ key: String) throws(DeviceURI.Malformed) -> UInt64? {
    try one(key, "a mask such as 0x3f") { UInt64(numeral: $0) }
  }

  /// One of some words.
  mutating func choice<Value>(
    _ key: String, _ values: [(word: String, value: Value)]
  ) throws(DeviceURI.Malformed) -> Value? {
    let words = values.map(\.word)
    let last = words.last.map { " or \($0)" } ?? ""
    return try one(key, words.dropLast().joined(separator: ", ") + last) { (text) -> Value? in
      values.first { $0.word == text }?.value
    }
  }

  /// A number of hundredths, as `5%`.
  mutating func percentage(_ key: String) throws(DeviceURI.Malformed) -> Int? {
    try one(key, "a percentage such as 5%") { (text) -> Int? in
      text.hasSuffix("%") ? Int(text.dropLast()) : nil
    }
  }

  mutating func seed() throws(DeviceURI.Malformed) -> UInt64 {
    try number("seed", in: 0...UInt64.max) ?? 0
  }

  func finish() throws(DeviceURI.Malformed) {
    guard let parameter = left.first else { return }
    throw malformed("\(uri.path) has no parameter '\(parameter.key)'")
  }
}

extension FixedWidthInteger {
  /// A decimal number, or a hexadecimal one behind `0x`.
  init?(numeral text: some StringProtocol) {
    guard text.hasPrefix("0x") else {
      self.init(String(text))
      return
    }
    self.init(text.dropFirst(2), radix: 16)
  }
}
