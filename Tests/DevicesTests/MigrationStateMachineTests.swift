import Devices
import Testing

/// The kernel's table of next steps, written down a second time and in words: vfio_from_fsm_table
/// of drivers/vfio/vfio_main.c in Linux 6.12, in the order of its own columns.
private enum KernelTable {
  static let columns = "STOP RUNNING PRE_COPY PRE_COPY_P2P STOP_COPY RESUMING RUNNING_P2P"
  static let rows = """
    STOP         STOP        RUNNING_P2P RUNNING_P2P RUNNING_P2P  STOP_COPY    RESUMING    RUNNING_P2P
    RUNNING      RUNNING_P2P RUNNING     PRE_COPY    RUNNING_P2P  RUNNING_P2P  RUNNING_P2P RUNNING_P2P
    PRE_COPY     RUNNING     RUNNING     PRE_COPY    PRE_COPY_P2P PRE_COPY_P2P RUNNING     RUNNING
    PRE_COPY_P2P RUNNING_P2P RUNNING_P2P PRE_COPY    PRE_COPY_P2P STOP_COPY    RUNNING_P2P RUNNING_P2P
    STOP_COPY    STOP        STOP        ERROR       ERROR        STOP_COPY    STOP        STOP
    RESUMING     STOP        STOP        STOP        STOP         STOP         RESUMING    STOP
    RUNNING_P2P  STOP        RUNNING     RUNNING     PRE_COPY_P2P STOP         STOP        RUNNING_P2P
    """

  static func words(_ text: Substring) -> [String] {
    text.split(separator: " ").map(String.init)
  }

  static let cells: [String: [String: String]] = {
    var cells: [String: [String: String]] = [:]
    for row in rows.split(separator: "\n").map({ words($0) }) {
      for (column, cell) in zip(words(columns[...]), row.dropFirst()) {
        cells[row[0], default: [:]][column] = cell
      }
    }
    return cells
  }()

  static func has(_ state: String, _ abilities: MigrationAbilities) -> Bool {
    guard abilities.contains(.stopCopy), state != "ERROR" else { return false }
    if state.hasSuffix("P2P"), !abilities.contains(.peerToPeer) { return false }
    return !state.hasPrefix("PRE_COPY") || abilities.contains(.preCopy)
  }

  static func next(_ current: String, _ target: String, _ abilities: MigrationAbilities) -> String?
  {
    guard has(current, abilities), has(target, abilities) else { return nil }
    var cell = cells[current]?[target] ?? "ERROR"
    while cell != "ERROR", !has(cell, abilities) { cell = cells[cell]?[target] ?? "ERROR" }
    return cell == "ERROR" ? nil : cell
  }
}

@Suite struct MigrationStateMachineTests {
  static let abilities: [MigrationAbilities] = (0..<8).map { MigrationAbilities(rawValue: $0) }

  @Test func numbersAreTheKernels() {
    let names = [
      "ERROR", "STOP", "RUNNING", "STOP_COPY", "RESUMING", "RUNNING_P2P", "PRE_COPY",
      "PRE_COPY_P2P",
    ]
    #expect(MigrationState.allCases.map(\.description) == names)
    #expect(MigrationState.allCases.map(\.rawValue) == Array(0...7))
    for state in MigrationState.allCases { #expect(MigrationState(state.description) == state) }
  }

  @Test(arguments: abilities)
  func everyCellIsTheKernels(abilities: MigrationAbilities) {
    let machine = MigrationStateMachine(abilities)
    for current in MigrationState.allCases {
      for target in MigrationState.allCases {
        let next = KernelTable.next("\(current)", "\(target)", abilities)
        #expect(
          machine.next(from: current, toward: target)?.description == next,
          "\(current) to \(target)")
      }
    }
  }

  /// The arcs that drivers implement, as include/uapi/linux/vfio.h lists them.
  private func driverArcs(_ abilities: MigrationAbilities) -> Set<MigrationArc> {
    guard abilities.contains(.stopCopy) else { return [] }
    var pairs: [(MigrationState, MigrationState)] = [
      (.stop, .stopCopy), (.stopCopy, .stop), (.stop, .resuming), (.resuming, .stop),
    ]
    if abilities.contains(.peerToPeer) {
      pairs += [
        (.running, .runningP2P), (.runningP2P, .running), (.runningP2P, .stop),
        (.stop, .runningP2P),
      ]
    } else {
      pairs += [(.running, .stop), (.stop, .running)]
    }
    if abilities.contains(.preCopy) {
      pairs += [(.running, .preCopy), (.preCopy, .running)]
      if abilities.contains(.peerToPeer) {
        pairs += [
          (.preCopy, .preCopyP2P), (.preCopyP2P, .preCopy), (.runningP2P, .preCopyP2P),
          (.preCopyP2P, .runningP2P), (.preCopyP2P, .stopCopy),
        ]
      } else {
        pairs += [(.preCopy, .stopCopy)]
      }
    }
    return Set(pairs.map { MigrationArc($0.0, $0.1) })
  }

  @Test(arguments: abilities)
  func everyWayIsOfDriversArcsAndShort(abilities: MigrationAbilities) {
    let machine = MigrationStateMachine(abilities)
    var used: Set<MigrationArc> = []
    for current in MigrationState.allCases {
      for target in MigrationState.allCases {
        guard let path = machine.path(from: current, to: target) else {
          #expect(current != target || !machine.supports(current))
          continue
        }
        used.formUnion(path)
        #expect(path.isEmpty == (current == target))
        #expect(path.count <= 5)
        #expect(path.isEmpty || path.first?.from == current && path.last?.to == target)
        // Nothing is saved on the way to somewhere else.
        for arc in path.dropLast() {
          #expect(![.preCopy, .stopCopy].contains(arc.to), "\(current) to \(target)")
          #expect(arc.to != .preCopyP2P || target == .stopCopy)
        }
      }
    }
    #expect(used == driverArcs(abilities))
  }

  @Test func fourArcsOpenAChannelAndFourCloseIt() {
    let all = MigrationState.allCases.flatMap { from in
      MigrationState.allCases.map { MigrationArc(from, $0) }
    }
    #expect(
      all.filter(\.opensChannel).map(\.description).sorted() == [
        "RUNNING -> PRE_COPY", "RUNNING_P2P -> PRE_COPY_P2P", "STOP -> RESUMING",
        "STOP -> STOP_COPY",
      ])
    #expect(
      all.filter(\.closesChannel).map(\.description).sorted() == [
        "PRE_COPY -> RUNNING", "PRE_COPY_P2P -> RUNNING_P2P", "RESUMING -> STOP",
        "STOP_COPY -> STOP",
      ])
  }
}
