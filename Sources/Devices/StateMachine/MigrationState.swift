/// Where a device is in its migration (`enum vfio_device_mig_state`, include/uapi/linux/vfio.h).
public enum MigrationState: UInt32, Sendable, Hashable, CaseIterable {
  /// The device failed; only a reset leaves this state.
  case error = 0
  case stop = 1
  case running = 2
  /// Stopped, and its state can be read.
  case stopCopy = 3
  /// Stopped, and state can be written to it.
  case resuming = 4
  /// Running, but it begins no access to other devices.
  case runningP2P = 5
  /// Running, and some of its state can be read.
  case preCopy = 6
  case preCopyP2P = 7
}

extension MigrationState {
  /// The abilities without which a driver does not have the state (`state_flags_table`,
  /// drivers/vfio/vfio_main.c); nil for ERROR, which nobody can ask for.
  var neededAbilities: MigrationAbilities? {
    switch self {
    case .error: nil
    case .stop, .running, .stopCopy, .resuming: .stopCopy
    case .runningP2P: [.stopCopy, .peerToPeer]
    case .preCopy: [.stopCopy, .preCopy]
    case .preCopyP2P: [.stopCopy, .peerToPeer, .preCopy]
    }
  }

  /// The state with this name, as `description` spells it.
  public init?(_ name: some StringProtocol) {
    guard let state = Self.allCases.first(where: { $0.description == name }) else { return nil }
    self = state
  }
}

extension MigrationState: CustomStringConvertible {
  /// The kernel's name without its prefix `VFIO_DEVICE_STATE_`.
  public var description: String {
    switch self {
    case .error: "ERROR"
    case .stop: "STOP"
    case .running: "RUNNING"
    case .stopCopy: "STOP_COPY"
    case .resuming: "RESUMING"
    case .runningP2P: "RUNNING_P2P"
    case .preCopy: "PRE_COPY"
    case .preCopyP2P: "PRE_COPY_P2P"
    }
  }
}
