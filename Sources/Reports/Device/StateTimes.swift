import ByteIO
import Devices

/// How long a device was in each state.
struct StateTimes {
  private let times: [(state: MigrationState, duration: Duration)]

  init(_ times: [MigrationState: Duration]) {
    // In the order of a capture or a replay.
    let order: [MigrationState] = [
      .running, .preCopy, .preCopyP2P, .runningP2P, .stopCopy, .resuming, .stop, .error,
    ]
    self.times = order.compactMap { state in times[state].map { (state, $0) } }
  }

  /// `RUNNING 1.2 ms, STOP_COPY 3.0 ms`.
  var text: String {
    times.map { "\($0.state) \(QuantityText.duration($0.duration))" }.joined(separator: ", ")
  }

  /// Microseconds by the states' names.
  var json: JSONValue {
    .object(times.map { .init("\($0.state)", .microseconds($0.duration)) })
  }
}

extension JSONValue {
  /// A duration as every JSON has it: in whole microseconds.
  static func microseconds(_ duration: Duration) -> Self {
    let (seconds, attoseconds) = duration.components
    return .integer(Int128(seconds) * 1_000_000 + Int128(attoseconds / 1_000_000_000_000))
  }
}
