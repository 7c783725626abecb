private import ByteIO

/// The secret that a physical function's user and those of its virtual functions share, if
/// vfio-pci holds both: it says that they trust each other.
public struct VFToken: Sendable, Hashable {
  /// The 16 bytes of the UUID, in the order of its text.
  public let bytes: [UInt8]

  /// Reads a UUID; nil for any other text.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    let digits = parts.joined().compactMap { $0.isASCII ? $0.hexDigitValue : nil }
    guard parts.map(\.utf8.count) == [8, 4, 4, 4, 12], digits.count == 32 else { return nil }
    bytes = stride(from: 0, to: 32, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}

extension VFToken: CustomStringConvertible {
  /// The UUID, in lower case.
  public var description: String {
    var text = ""
    for (index, byte) in bytes.enumerated() {
      if [4, 6, 8, 10].contains(index) { text += "-" }
      text += hex(byte, digits: 2)
    }
    return text
  }
}
