import ByteIO

/// The 16 bytes that tell a stream from every other, written as RFC 9562 writes a UUID.
public struct StreamUUID: Sendable, Hashable {
  /// Exactly 16 bytes.
  public let bytes: [UInt8]

  /// The UUID with these 16 bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    self.bytes = bytes
  }

  /// A random UUID (version 4).
  public static func random() -> StreamUUID {
    var generator = SystemRandomNumberGenerator()
    var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    bytes[6] = bytes[6] & 0x0f | 0x40
    bytes[8] = bytes[8] & 0x3f | 0x80
    return StreamUUID(unchecked: bytes)
  }

  private init(unchecked bytes: [UInt8]) { self.bytes = bytes }
}

extension StreamUUID: LosslessStringConvertible {
  private static let groups = [8, 4, 4, 4, 12]

  public init?(_ description: String) {
    let parts = description.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.map(\.utf8.count) == Self.groups else { return nil }
    let digits = parts.joined().compactMap(\.hexDigitValue)
    guard digits.count == 32 else { return nil }
    self.init(
      bytes: stride(from: 0, to: 32, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
  }

  public var description: String {
    var text = ""
    for (index, byte) in bytes.enumerated() {
      if [4, 6, 8, 10].contains(index) { text += "-" }
      text += hex(byte, digits: 2)
    }
    return text
  }
}
