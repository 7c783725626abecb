import Devices

/// How long a device was in each state.
enum StateTimes {
  private static func sorted(
    _ times: [MigrationState: Duration]
  ) -> [(MigrationState, Duration)] {
    // In the order of a capture or a replay.
    let order: [MigrationState] = [
      .running, .preCopy, .preCopyP2P, .runningP2P, .stopCopy, .resuming, .stop, .error,
    ]
    return order.compactMap { state in times[state].map { (state, $0) } }
  }

  static func text(_ times: [MigrationState: Duration]) -> String {
    sorted(times).map { "\($0) \(DurationOption.text($1))" }.joined(separator: ", ")
  }

  /// In microseconds, by the states' names.
  static func json(_ times: [MigrationState: Duration]) -> [String: Int64] {
    Dictionary(uniqueKeysWithValues: times.map { ("\($0)", microseconds($1)) })
  }

  static func microseconds(_ duration: Duration) -> Int64 {
    let (seconds, attoseconds) = duration.components
    return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
  }
}
