extension UInt64 {
  /// A number of bytes as people write it: `4096`, `64KiB`, `1M`; nil if `text` is no such
  /// number.
  public init?(byteCount text: some StringProtocol) {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let value = UInt64(digits) else { return nil }
    let shift: UInt64
    switch text.dropFirst(digits.count) {
    case "", "B": shift = 0
    case "K", "k", "KiB": shift = 10
    case "M", "MiB": shift = 20
    case "G", "GiB": shift = 30
    case "T", "TiB": shift = 40
    default: return nil
    }
    guard value <= UInt64.max >> shift else { return nil }
    self = value << shift
  }

  /// The number in the largest unit that divides it, up to GiB, as `init(byteCount:)` reads it.
  package var byteCountText: String {
    for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] as [(String, UInt64)]
    where self >= 1 << shift && self & ((1 << shift) - 1) == 0 {
      return "\(self >> shift)\(unit)"
    }
    return "\(self)"
  }
}
