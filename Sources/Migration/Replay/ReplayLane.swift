import Devices
import MigrationStream
import VirtualPCI

/// A target of a replay and what happened to it.
final class ReplayLane<Device: MigratableDevice, Clock: MigrationClock> {
  let session: DeviceSession<Device, Clock>
  let introduction: DeviceIntroduction
  /// What the guest is shown from now on; nil for what the stream says.
  private let profile: ProfileLayout?
  /// The bytes of state that it took.
  var byteCount: UInt64 = 0
  /// Whether it came to RESUMING: what it held is lost.
  var hasLostState = false
  var hasDomains = false
  var attached: [UInt32] = []
  var registers: [ReplaySummary.RestoredRegister] = []

  init(
    _ session: DeviceSession<Device, Clock>, _ introduction: DeviceIntroduction,
    profile: ProfileLayout?
  ) {
    self.session = session
    self.introduction = introduction
    self.profile = profile
  }

  /// The space of the profile that takes the place of the stream's, on this device, which reads `region`.
  func shownSpace(_ region: [UInt8]) throws(DeviceError) -> ConfigSpaceState? {
    guard let profile else { return nil }
    return try? ConfigSpaceState(profile, on: try session.device.hostFunction(reading: region))
  }

  /// Takes back what can be taken back; how the device is then.
  func undo() -> DeviceOutcome {
    for pasid in attached.reversed() { try? session.device.detach(pasid: pasid) }
    if hasDomains { session.device.releaseDomains() }
    if session.abilities.isEmpty { return .runningAsBefore }
    if hasLostState || session.wasReset { return session.reset() }
    let outcome = session.returnToRunning()
    if case .unusable = outcome { return session.reset() }
    return outcome
  }

  /// Writes `bytes` of state, however little the driver takes at a time.
  func write(_ bytes: RawSpan) throws(DeviceError) {
    var rest = bytes
    while rest.byteCount > 0 {
      let operation = DeviceError.Operation.writeData(at: byteCount)
      guard let channel = session.channel else {
        throw DeviceError(operation, .badDescriptor)
      }
      let count: Int
      do throws(DeviceError) {
        count = try channel.write(rest)
      } catch {
        throw error.at(operation)
      }
      // A driver that takes nothing and says nothing.
      guard (1...rest.byteCount).contains(count) else {
        throw DeviceError(operation, .inputOutput)
      }
      byteCount += UInt64(count)
      rest = rest.extracting(droppingFirst: count)
    }
  }
}
