import Glibc
import MigrationStream

extension StreamInformation {
  /// The version of this program.
  static let ferryVersion = "0.2.0"

  /// This program, now; `SOURCE_DATE_EPOCH` is another time, for streams that come out alike.
  static func current() throws -> StreamInformation {
    var seconds = UInt64(max(0, Glibc.time(nil)))
    // SAFETY: nothing of this process changes its environment.
    if let text = unsafe getenv("SOURCE_DATE_EPOCH").map({ unsafe String(cString: $0) }) {
      guard let epoch = UInt64(text) else {
        throw CommandError.usage(
          "SOURCE_DATE_EPOCH: expected seconds since 1970, found '\(text)'")
      }
      seconds = epoch
    }
    return StreamInformation(producer: "ferry \(ferryVersion)", time: seconds)
  }
}
