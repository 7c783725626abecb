import FoundationEssentials
import MigrationStream

extension StreamInformation {
  /// This program, now; `SOURCE_DATE_EPOCH` is another time, for streams that come out alike.
  static func current() throws -> StreamInformation {
    var time = UInt64(max(0, Date.now.timeIntervalSince1970))
    if let epoch = ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"] {
      guard let seconds = UInt64(epoch) else {
        throw CommandError.usage(
          "SOURCE_DATE_EPOCH: expected seconds since 1970, found '\(epoch)'")
      }
      time = seconds
    }
    return StreamInformation(producer: "ferry \(Ferry.version)", time: time)
  }
}
