import ArgumentParser
import Reports

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

  var description: String { QuantityText.duration(duration) }
  var defaultValueDescription: String { description }
}
