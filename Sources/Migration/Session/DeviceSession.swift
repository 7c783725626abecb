import Devices
import MigrationStream
import StateTranslation

/// A device that an engine has in hand: where it is, its data channel, and how long it was in each
/// state.
final class DeviceSession {
  let device: any MigratableDevice
  /// The device's number in the stream.
  let number: UInt16
  let machine: MigrationStateMachine
  private let clock: any MigrationClock
  private(set) var state: MigrationState
  private(set) var channel: (any MigrationChannel)?
  /// Whether the device was found in a state that a previous user left, and was reset.
  let wasReset: Bool
  private var times: [MigrationState: Duration] = [:]
  private var since: Duration

  /// Takes a device in hand. Whatever is not RUNNING was left by a previous user, whose data
  /// channel is gone: mtty goes down in an oops when such a device is asked for another state, so
  /// it is reset before anything else.
  init(
    _ device: any MigratableDevice, number: UInt16, clock: any MigrationClock
  ) throws(DeviceError) {
    self.device = device
    self.number = number
    self.clock = clock
    machine = MigrationStateMachine(try device.abilities())
    var state = machine.abilities.isEmpty ? .running : try device.state()
    wasReset = state != .running
    if wasReset {
      try device.reset()
      state = try device.state()
      guard state == .running else { throw DeviceError(.reset, .invalid) }
    }
    self.state = state
    since = clock.now
  }

  var abilities: MigrationAbilities { machine.abilities }

  /// How long the device was in each state so far.
  var timeInStates: [MigrationState: Duration] {
    times.merging([state: clock.now - since], uniquingKeysWith: +)
  }

  private func enter(_ next: MigrationState) {
    let now = clock.now
    times[state, default: .zero] += now - since
    since = now
    state = next
  }

  /// Goes to `target`, one arc after the other.
  ///
  /// After an error `state` is where the device says it is.
  func move(to target: MigrationState) throws(DeviceError) {
    guard let path = machine.path(from: state, to: target) else {
      throw DeviceError(.transition(MigrationArc(state, target)), .invalid)
    }
    for arc in path {
      do throws(DeviceError) {
        let opened = try device.transition(to: arc.to)
        if arc.closesChannel || arc.opensChannel { channel = opened }
        enter(arc.to)
      } catch {
        if let actual = try? device.state() { enter(actual) }
        throw error.at(.transition(arc))
      }
    }
  }

  /// Returns the device to RUNNING with its state. Leaves it where it is if no path leads there.
  func returnToRunning() -> DeviceOutcome {
    if let actual = try? device.state(), actual != state { enter(actual) }
    do throws(DeviceError) {
      try move(to: .running)
      channel = nil
      return .runningAsBefore
    } catch {
      return .unusable(try? device.state(), error)
    }
  }

  /// Resets the device, and has it run.
  func reset() -> DeviceOutcome {
    channel = nil
    do throws(DeviceError) {
      try device.reset()
      let actual = try device.state()
      enter(actual)
      guard actual == .running else { return .unusable(actual, DeviceError(.reset, .invalid)) }
      return device.isClearedByReset ? .fresh : .reset
    } catch {
      return .unusable(try? device.state(), error)
    }
  }
}
