/// One step of a device from a state to another.
public struct MigrationArc: Sendable, Hashable {
  /// Where the arc begins.
  public let from: MigrationState
  /// Where it ends.
  public let to: MigrationState

  /// The step from one state to another, whether a driver has it or not.
  public init(_ from: MigrationState, _ to: MigrationState) {
    self.from = from
    self.to = to
  }

  /// Whether the driver hands out a data channel for the arc.
  ///
  /// PRE_COPY and PRE_COPY_P2P to STOP_COPY go on with the channel that is open.
  public var opensChannel: Bool {
    switch (from, to) {
    case (.running, .preCopy), (.runningP2P, .preCopyP2P), (.stop, .stopCopy), (.stop, .resuming):
      true
    default: false
    }
  }

  /// Whether the channel ends with the arc.
  public var closesChannel: Bool {
    switch (from, to) {
    case (.preCopy, .running), (.preCopyP2P, .runningP2P), (.stopCopy, .stop), (.resuming, .stop):
      true
    default: false
    }
  }
}

extension MigrationArc: CustomStringConvertible {
  public var description: String { "\(from) -> \(to)" }
}
