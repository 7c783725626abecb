import Devices

/// What ends the work of either engine besides its stream: the caller, or a device.
protocol EngineFailure: Error {
  static var cancelled: Self { get }
  static func device(_ error: DeviceError, number: UInt16) -> Self
}

/// One device of a run.
protocol EngineLane {
  var session: DeviceSession { get }
}

/// What a capture and a replay do alike with the devices in their hands.
protocol EngineRun {
  associatedtype Failure: EngineFailure
  associatedtype Lane: EngineLane

  var lanes: [Lane] { get }
  var isCancelled: () -> Bool { get }
}

extension EngineRun {
  func checkCancellation() throws(Failure) {
    if isCancelled() { throw .cancelled }
  }

  /// Asks something of the device with this number; its error says that it is that device's.
  func asking<Answer>(
    _ number: UInt16, _ body: () throws(DeviceError) -> Answer
  ) throws(Failure) -> Answer {
    do throws(DeviceError) {
      return try body()
    } catch {
      throw .device(error, number: number)
    }
  }

  /// Runs `body` on one lane after another, unless the run is cancelled.
  func forEachLane(_ body: (Lane) throws(DeviceError) -> Void) throws(Failure) {
    for lane in lanes {
      try checkCancellation()
      try asking(lane.session.number) { () throws(DeviceError) in try body(lane) }
    }
  }

  /// Lets stopped devices run: all can be reached before any begins to reach out.
  ///
  /// It is not cancelled, for it follows a decision.
  func runDevices() throws(Failure) {
    for target in [MigrationState.runningP2P, .running] {
      for lane in lanes where lane.session.machine.supports(target) {
        try asking(lane.session.number) { () throws(DeviceError) in
          try lane.session.move(to: target)
        }
      }
    }
  }
}
