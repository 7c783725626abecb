/// Why bytes could not be read as what they were declared to be, and where.
public struct ByteError: Error, Sendable, Hashable {
  /// What was wrong with the bytes.
  public enum Code: Sendable, Hashable {
    /// Fewer bytes are left than the value needs.
    case endOfInput(needed: Int, left: Int)
    /// A LEB128 integer is longer than its type allows, or is not in its shortest form.
    case malformedLEB128
    /// An integer field has more bytes than its type, or ends in a zero byte.
    case malformedInteger
    /// A string is not UTF-8.
    case malformedUTF8
  }

  /// The kind of the failure.
  public let code: Code
  /// The first byte of the value, counted from the reader's base offset.
  public let offset: UInt64

  /// An error of the kind `code` at byte `offset` of the input.
  public init(_ code: Code, at offset: UInt64) {
    self.code = code
    self.offset = offset
  }
}

extension ByteError: CustomStringConvertible {
  public var description: String { "offset \(offset): \(reason)" }

  /// The description without the place.
  public var reason: String {
    switch code {
    case .endOfInput(let needed, let left): "expected \(needed) bytes, found \(left)"
    case .malformedLEB128: "expected a LEB128 integer in its shortest form"
    case .malformedInteger: "expected a little-endian integer without trailing zero bytes"
    case .malformedUTF8: "expected UTF-8 text"
    }
  }
}
