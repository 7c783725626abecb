import ByteIO
import StreamIO

/// Bytes of JSON in their order, each with its offset in the file.
protocol JSONBytes: AnyObject {
  /// The next byte, which stays next; nil at the end.
  func peek() throws(JSONError) -> UInt8?
  /// Passes over the next byte, which must have been peeked at.
  func advance()
  /// Passes over what comes next that is the same in a string and in the string within: neither a
  /// quote nor a backslash nor a control character.
  func advanceOverPlain() throws(JSONError)
  /// The offset in the file of the next byte.
  var offset: UInt64 { get }
}

/// Why JSON cannot be read on.
enum JSONError: Error {
  case file(StreamIOError)
  case malformed(at: UInt64, expected: String, found: String)
}

/// The bytes of a file.
final class FileJSONBytes: JSONBytes {
  private let file: FileState
  private var buffer = [UInt8]()
  private var position = 0
  private var start: UInt64 = 0

  private static let byteCount: UInt64 = 1 << 16

  /// The bytes from the start of `file`.
  init(_ file: FileState) { self.file = file }

  var offset: UInt64 { start + UInt64(position) }

  func peek() throws(JSONError) -> UInt8? {
    if position == buffer.count { try fill() }
    return position < buffer.count ? buffer[position] : nil
  }

  func advance() { position += 1 }

  func advanceOverPlain() throws(JSONError) {
    while try peek() != nil {
      let rest = buffer[position...]
      let end = rest.firstIndex {
        $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") || $0 < 0x20
      }
      position = end ?? buffer.count
      if end != nil { return }
    }
  }

  private func fill() throws(JSONError) {
    start += UInt64(buffer.count)
    position = 0
    var next = ByteBuffer()
    do throws(StreamIOError) {
      let left = file.byteCount - min(start, file.byteCount)
      try file.read(at: start, count: Int(min(left, Self.byteCount)), into: &next)
    } catch {
      throw .file(error)
    }
    buffer = [UInt8](next.bytes)
  }
}

/// The bytes that a string of other JSON stands for, which are JSON themselves.
final class StringJSONBytes: JSONBytes {
  private let outer: any JSONBytes
  // The byte that an escape stood for.
  private var unescaped: UInt8?
  private var isAtEnd = false

  /// The content of the string that comes next in `outer`, behind its quote.
  init(_ outer: any JSONBytes) { self.outer = outer }

  private(set) var offset: UInt64 = 0

  func peek() throws(JSONError) -> UInt8? {
    if let unescaped { return unescaped }
    if isAtEnd { return nil }
    let next = try outer.peek()
    offset = outer.offset
    guard let byte = next else {
      throw .malformed(at: offset, expected: "the end of a string", found: "the end of the file")
    }
    switch byte {
    case UInt8(ascii: "\""):
      isAtEnd = true
      return nil
    case UInt8(ascii: "\\"):
      outer.advance()
      let value = try escaped()
      unescaped = value
      return value
    default: return byte
    }
  }

  func advanceOverPlain() throws(JSONError) {
    if unescaped == nil && !isAtEnd { try outer.advanceOverPlain() }
  }

  /// What the escape stands for whose backslash was passed over.
  private func escaped() throws(JSONError) -> UInt8 {
    let byte = try outer.peek()
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return byte ?? 0
    case UInt8(ascii: "n"): return 0x0a
    case UInt8(ascii: "r"): return 0x0d
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "b"): return 0x08
    case UInt8(ascii: "f"): return 0x0c
    case UInt8(ascii: "u"):
      // No name in a snapshot has any: the digits are left out, but for the mark of one.
      for _ in 0..<4 {
        outer.advance()
        _ = try outer.peek()
      }
      return UInt8(ascii: "?")
    default:
      throw .malformed(at: outer.offset, expected: "an escape", found: "another character")
    }
  }

  func advance() {
    unescaped = nil
    outer.advance()
  }
}
