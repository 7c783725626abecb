/// The states of a device and the ways between them, for a driver with certain abilities.
///
/// A request for a state that is not adjacent takes several arcs. Which, says the kernel's table of
/// next steps (`vfio_from_fsm_table`, drivers/vfio/vfio_main.c, Linux 6.12 to 7.1); states that the
/// driver does not have are passed over (`vfio_mig_get_next_state`).
public struct MigrationStateMachine: Sendable, Hashable {
  /// What the driver can do, which decides on the states that there are.
  public let abilities: MigrationAbilities

  /// The machine of a driver with these abilities.
  public init(_ abilities: MigrationAbilities) { self.abilities = abilities }

  // Rows and columns in the order of the states' numbers: the row is where the device is, the
  // column where it shall go.
  private static let table: [[MigrationState]] = [
    // to: ERROR, STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P
    [.error, .error, .error, .error, .error, .error, .error, .error],
    [.error, .stop, .runningP2P, .stopCopy, .resuming, .runningP2P, .runningP2P, .runningP2P],
    [
      .error, .runningP2P, .running, .runningP2P, .runningP2P, .runningP2P, .preCopy, .runningP2P,
    ],
    [.error, .stop, .stop, .stopCopy, .stop, .stop, .error, .error],
    [.error, .stop, .stop, .stop, .resuming, .stop, .stop, .stop],
    [.error, .stop, .running, .stop, .stop, .runningP2P, .running, .preCopyP2P],
    [.error, .running, .running, .preCopyP2P, .running, .running, .preCopy, .preCopyP2P],
    [
      .error, .runningP2P, .runningP2P, .stopCopy, .runningP2P, .runningP2P, .preCopy, .preCopyP2P,
    ],
  ]

  /// Whether the driver has the state. ERROR is a state that it may fall into, but none that can be
  /// asked for.
  public func supports(_ state: MigrationState) -> Bool {
    state.neededAbilities.map(abilities.isSuperset(of:)) ?? false
  }

  /// The state after the first arc from `current` towards `target`; nil if the kernel answers
  /// EINVAL.
  public func next(from current: MigrationState, toward target: MigrationState) -> MigrationState? {
    guard supports(current), supports(target) else { return nil }
    var next = Self.table[Int(current.rawValue)][Int(target.rawValue)]
    while next != .error && !supports(next) {
      next = Self.table[Int(next.rawValue)][Int(target.rawValue)]
    }
    return next == .error ? nil : next
  }

  /// The arcs from `current` to `target`, none if they are the same; nil if there is no way.
  public func path(from current: MigrationState, to target: MigrationState) -> [MigrationArc]? {
    var arcs: [MigrationArc] = []
    var state = current
    guard supports(state), supports(target) else { return nil }
    while state != target {
      guard let next = next(from: state, toward: target) else { return nil }
      arcs.append(MigrationArc(state, next))
      state = next
    }
    return arcs
  }
}
