/// What the source of a handover, or who makes a tunnel, has told the other side, and nobody else:
/// who has it is the same.
public struct HandoverSecret: Sendable {
  static let byteCount = 32

  let bytes: [UInt8]

  /// A new one, from the system's generator.
  public static func random() -> HandoverSecret {
    var generator = SystemRandomNumberGenerator()
    return HandoverSecret((0..<byteCount).map { _ in generator.next() })
  }

  /// One that came from a peer, of 32 bytes.
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  init(_ field: FieldReader.Field) throws(HandoverError.Cause) {
    guard field.value.count == Self.byteCount else {
      throw .malformed("expected a secret of \(Self.byteCount) bytes, found \(field.value.count)")
    }
    bytes = field.value
  }
}

extension HandoverSecret: Hashable {
  /// Takes the same time wherever two secrets differ.
  public static func == (left: Self, right: Self) -> Bool {
    zip(left.bytes, right.bytes).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
