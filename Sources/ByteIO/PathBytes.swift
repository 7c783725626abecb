/// The bytes of a path, which need not be UTF-8.
///
/// Arguments, errors and reports have a path as text. There, a byte that is part of no UTF-8 is
/// U+10FF00 plus the byte, a scalar of private use, and so is each byte of such a scalar: no two
/// paths have the same text.
public struct PathBytes: Sendable, Hashable {
  /// The bytes, without the zero behind them.
  public let bytes: [UInt8]

  /// A path of these bytes.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The path of a C function.
  public init(cString characters: UnsafePointer<CChar>) {
    var bytes: [UInt8] = []
    var next = unsafe characters
    while unsafe next.pointee != 0 {
      bytes.append(unsafe UInt8(bitPattern: next.pointee))
      unsafe next += 1
    }
    self.bytes = bytes
  }

  /// The path that `text` stands for.
  public init(text: String) {
    var bytes: [UInt8] = []
    for scalar in text.unicodeScalars {
      if let byte = Self.byte(of: scalar) {
        bytes.append(byte)
      } else {
        bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
    }
    self.bytes = bytes
  }

  /// The text that stands for the path.
  public var text: String {
    var text = String.UnicodeScalarView()
    var rest = bytes[...]
    while let first = rest.first {
      // A scalar has at most four bytes.
      let length = (1...4).first { String(validating: rest.prefix($0), as: UTF8.self) != nil }
      if let length, let scalar = Self.scalar(of: rest.prefix(length)) {
        text.append(scalar)
        rest.removeFirst(length)
      } else {
        text.append(Self.scalar(of: first))
        rest.removeFirst()
      }
    }
    return String(text)
  }

  /// Calls `body` with the bytes and a zero behind them.
  public func withCString<Result, Failure: Error>(
    _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let characters = bytes.map { CChar(bitPattern: $0) } + [0]
    return try unsafe characters.withUnsafeBufferPointer { (buffer) throws(Failure) in
      guard let base = buffer.baseAddress else { preconditionFailure("there is a zero") }
      return try unsafe body(base)
    }
  }

  /// The byte that a scalar stands for; nil if it stands for itself.
  package static func byte(of scalar: Unicode.Scalar) -> UInt8? {
    scalar.value >= firstStandIn ? UInt8(exactly: scalar.value - firstStandIn) : nil
  }

  private static let firstStandIn: UInt32 = 0x10_ff00

  /// The scalar of some bytes; nil if it must be told from one that stands for a byte.
  private static func scalar(of bytes: ArraySlice<UInt8>) -> Unicode.Scalar? {
    guard let scalar = String(decoding: bytes, as: UTF8.self).unicodeScalars.first,
      byte(of: scalar) == nil
    else { return nil }
    return scalar
  }

  private static func scalar(of byte: UInt8) -> Unicode.Scalar {
    Unicode.Scalar(firstStandIn + UInt32(byte)) ?? "\u{fffd}"
  }
}
