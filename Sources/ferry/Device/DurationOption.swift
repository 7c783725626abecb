import ArgumentParser
import ByteIO
import Reports

/// A time as people write it: `300ms`, `2s`, `5min`.
struct DurationOption: ExpressibleByArgument, CustomStringConvertible {
  let duration: Duration

  init(_ duration: Duration) { self.duration = duration }

  init?(argument: String) {
    guard let value = Duration(parsing: argument) else { return nil }
    duration = value
  }

  var description: String { QuantityText.duration(duration) }
  var defaultValueDescription: String { description }
}
