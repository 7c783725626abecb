public import Devices
public import Migration
import MigrationStream
import VFIOUser

/// Why the operator's side does not do with a served device what it was asked for.
public enum ControlRefusal: Error, Sendable, Hashable {
  /// The client reaches the device's registers without a message, and its VM is not said to be
  /// paused.
  case mapped(device: String)
  /// The guest has MSI-X enabled, whose table its VMM keeps and no server sees.
  case msix(device: String)
  /// The device does not run; a capture would reset it first.
  case stopped(device: String, MigrationState)
  /// The device cannot migrate, and so not stop.
  case cannotStop(device: String)
  /// No arcs lead from one state to the other.
  case noWay(device: String, MigrationArc)
  /// The device or its server failed.
  case device(DeviceError)
}

extension ControlRefusal: CustomStringConvertible {
  public var description: String {
    switch self {
    case .mapped(let device):
      "\(device): its client reaches the device's registers without a message, which nobody may "
        + "while it is stopped; pause the VM (--qmp, or --paused if it is), or serve with --no-map"
    case .msix(let device):
      "\(device): the guest has MSI-X enabled, whose table its VMM keeps and no server sees, so "
        + "the device could not be resumed elsewhere"
    case .stopped(let device, let state):
      "\(device): expected a device that runs, found it in \(state); ferry served run lets it "
        + "run, if its state lives nowhere else"
    case .cannotStop(let device): "\(device): it cannot be stopped, for it cannot migrate"
    case .noWay(let device, let arc):
      "\(device): expected a device that can go to \(arc.to), found it in \(arc.from)"
    case .device(let error): "\(error)"
    }
  }
}

extension ControlClient {
  private func asking<Value>(
    _ body: () throws(DeviceError) -> Value
  ) throws(ControlRefusal) -> Value {
    do throws(DeviceError) {
      return try body()
    } catch {
      throw .device(error)
    }
  }

  /// Refuses a device that a VM which may run reaches without a message.
  public func requireHeldClient() throws(ControlRefusal) {
    let status = try asking { () throws(DeviceError) in try self.status() }
    guard !status.mapsRegisters else { throw .mapped(device: device.name) }
  }

  /// Refuses a guest with MSI-X enabled.
  public func requireNoMSIX() throws(ControlRefusal) {
    let space = try asking { () throws(DeviceError) in try guestView() }
    guard !space.hasMSIXEnabled else { throw .msix(device: device.name) }
  }

  /// The device as its VM has it.
  public func deviceOfVM() throws(ControlRefusal) -> PausedVM.Device {
    let space = try asking { () throws(DeviceError) in try guestView() }
    let client = try asking { () throws(DeviceError) in try status() }.client?.process
    return PausedVM.Device(name: device.name, space: space, client: client == 0 ? nil : client)
  }

  /// Refuses a device that somebody has stopped.
  public func requireRunning() throws(ControlRefusal) {
    let state = try asking { () throws(DeviceError) in try device.state() }
    guard state == .running else { throw .stopped(device: device.name, state) }
  }

  /// Refuses a device that cannot be captured as it is, while its VM is paused or may run.
  public func requireCapturable(vmIsPaused: Bool) throws(ControlRefusal) {
    try requireRunning()
    if vmIsPaused { try requireNoMSIX() }
  }

  /// Adds to the source of a capture what the guest sees, and that it ran if it may have; what
  /// `requireCapturable(vmIsPaused:)` refuses of a guest may be so only now.
  public func complete(
    _ source: inout CaptureSource, vmIsPaused: Bool
  ) throws(ControlRefusal) {
    if vmIsPaused { try requireNoMSIX() }
    source.guestSpace = try asking { () throws(DeviceError) in try guestSpace() }
    guard !vmIsPaused else { return }
    let status = try asking { () throws(DeviceError) in try self.status() }
    // One that waits touched nothing, and is not served before this is over.
    if let client = status.client, !client.waits { source.circumstances = .guestRan }
  }

  /// Takes the device to another state, arc by arc.
  public func move(to target: MigrationState) throws(ControlRefusal) {
    let abilities = try asking { () throws(DeviceError) in try device.abilities() }
    guard !abilities.isEmpty else { throw .cannotStop(device: device.name) }
    let state = try asking { () throws(DeviceError) in try device.state() }
    guard let way = MigrationStateMachine(abilities).path(from: state, to: target) else {
      throw .noWay(device: device.name, MigrationArc(state, target))
    }
    for arc in way {
      _ = try asking { () throws(DeviceError) in try device.transition(to: arc.to) }
    }
  }
}
