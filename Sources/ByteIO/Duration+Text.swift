extension Duration {
  /// Reads a time as people write it: `300ms`, `2s`, `1.5min`, up to 10^9 of `us`, `ms`, `s` or
  /// `min`; nil for any other text.
  public init?(parsing text: some StringProtocol) {
    let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard let value = Double(number), value < 1e9 else { return nil }
    switch text.dropFirst(number.count) {
    case "us": self = .microseconds(value)
    case "ms": self = .milliseconds(value)
    case "s": self = .seconds(value)
    case "min": self = .seconds(value * 60)
    default: return nil
    }
  }
}
