import ArgumentParser

/// A time as people write it: `300ms`, `2s`, `5min`.
struct DurationOption: ExpressibleByArgument, CustomStringConvertible {
  let duration: Duration

  init(_ duration: Duration) { self.duration = duration }

  init?(argument: String) {
    let number = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard let value = Double(number), value.isFinite, value < 1e9 else { return nil }
    switch argument.dropFirst(number.count) {
    case "us": duration = .microseconds(value)
    case "ms": duration = .milliseconds(value)
    case "s": duration = .seconds(value)
    case "min": duration = .seconds(value * 60)
    default: return nil
    }
  }

  var description: String { Self.text(duration) }
  var defaultValueDescription: String { description }

  /// `12.3 ms`, `1.50 s`.
  static func text(_ duration: Duration) -> String {
    let seconds = duration / .seconds(1)
    if seconds >= 120 { return "\(ByteSize.fixed(seconds / 60, digits: 1)) min" }
    if seconds >= 1 { return "\(ByteSize.fixed(seconds, digits: 2)) s" }
    if seconds >= 0.001 { return "\(ByteSize.fixed(seconds * 1e3, digits: 1)) ms" }
    return "\(ByteSize.fixed(seconds * 1e6, digits: 0)) us"
  }
}
