import TestSupport
import Testing
import YAMLReader

/// A case of `corpora/vectors`: what is given to a call, and what comes of it.
struct Vector: Sendable, CustomTestStringConvertible {
  let node: YAMLNode
  let name: String
  /// The spaces of its file, by name.
  let spaces: YAMLNode?

  var testDescription: String { name }

  /// The cases of a file for a call, of which there has to be one: a test of none would pass.
  static func all(_ file: String, _ call: String) -> [Vector] {
    do {
      let text = try YAMLNode(parsing: Corpus.bytes("vectors/\(file).json"))
      let cases = try text.value("cases").items().compactMap { node -> Vector? in
        guard try node.value("call").string() == call else { return nil }
        return Vector(
          node: node, name: try node.value("name").string(), spaces: text.member("spaces"))
      }
      if cases.isEmpty { Issue.record("\(file).json has no case for \(call)") }
      return cases
    } catch {
      Issue.record(error)
      return []
    }
  }

  /// Holds what a call does against the case. `action` gives the parts of the result by their
  /// names, and throws what the call throws; `failure` says it as the vectors do, nil if there is
  /// nothing of that kind in the libraries of Swift.
  func check(_ action: () throws -> Void, _ failure: (any Error) throws -> FoundError?) throws {
    let expected = try node.member("error").map(FoundError.init)
    do {
      try action()
      #expect(expected == nil)
    } catch {
      let found = try failure(error)
      #expect(found != nil && found == expected, "\(error)")
    }
  }
}

/// The parts of an error that the libraries of Swift and of C share: not the status, which is of C.
struct FoundError: Hashable {
  var message: String
  var offset: UInt64?
  var line: Int?
  var column: Int?
  var record: UInt32?
  var device: UInt16?
  var expected: String?
  var found: String?

  init(_ message: String) { self.message = message }

  init(_ node: YAMLNode) throws {
    message = try node.value("message").string()
    offset = try node.member("offset")?.integer()
    line = try node.member("line")?.integer()
    column = try node.member("column")?.integer()
    record = try node.member("record")?.integer()
    device = try node.member("device")?.integer()
    expected = try node.member("expected")?.string()
    found = try node.member("found")?.string()
  }
}

extension YAMLNode {
  /// The value of a key, nil if there is none.
  func member(_ key: String) -> YAMLNode? {
    guard case .mapping(let entries) = content else { return nil }
    return entries.first { $0.key == key }?.value
  }

  func value(_ key: String) throws -> YAMLNode {
    try #require(member(key), "no \(key) at \(mark)")
  }

  /// The number of a key, 0 if there is none.
  func number<Number: FixedWidthInteger>(_ key: String) throws -> Number {
    try member(key)?.integer() ?? 0
  }

  func text(_ key: String) throws -> String? { try member(key)?.string() }

  func numbers<Number: FixedWidthInteger>() throws -> [Number] {
    try items().map { try $0.integer() }
  }

  /// The bytes of hexadecimal digits.
  func hexadecimal() throws -> [UInt8] {
    let digits = Array(try string().utf8)
    return try stride(from: 0, to: digits.count, by: 2).map {
      try #require(UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16))
    }
  }

  /// The bytes of rows.
  func rows() throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: try value("size").integer())
    for row in try value("rows").items() {
      let parts = try row.string().split(separator: ":")
      let offset = try #require(Int(parts[0], radix: 16))
      let line = YAMLNode(.scalar(String(parts[1].dropFirst()), isPlain: false), at: row.mark)
      for (index, byte) in try line.hexadecimal().enumerated() { bytes[offset + index] = byte }
    }
    return bytes
  }

  /// A file of the corpora with what a case does to it.
  func changed(_ file: String) throws -> [UInt8] {
    var bytes = try Corpus.bytes(file)
    if let count = member("truncate") { bytes.removeLast(bytes.count - (try count.integer())) }
    for flip in try member("flip")?.items() ?? [] {
      let parts: [Int] = try flip.numbers()
      bytes[parts[0]] ^= UInt8(parts[1])
    }
    return bytes + (try member("append")?.hexadecimal() ?? [])
  }
}

/// FNV-1a with 64 bits, as hexadecimal digits.
func fnv1a(_ bytes: [UInt8]) -> String {
  var value: UInt64 = 0xcbf2_9ce4_8422_2325
  for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
