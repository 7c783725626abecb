public import MigrationStream
import StateTranslation
import VirtualPCI

/// A VM of QEMU that waits, paused, for its half of devices that are restored behind its back.
public struct PausedMachine {
  private let monitor: QMPClient
  /// What the guest saw of each device, and where its VM has it.
  private var devices: [(space: ConfigSpaceState, function: QMPClient.Function)] = []

  /// Makes sure that the VM whose monitor is at `path` is paused and has the devices of `records`,
  /// and that these, which a stream has of devices, say what its guest saw. Each stands with the
  /// device that it goes to.
  public init(
    path: String,
    records: [(device: UInt16, ConfigurationRecord?, target: PausedVM.Device)]
  ) throws(QMPError) {
    var spaces: [(ConfigSpaceState, identifier: String?)] = []
    for (number, record, target) in records {
      guard let space = record.flatMap({ ConfigSpaceState(guestsViewIn: $0) }) else {
        throw .unsuitable("device \(number): the stream does not say what its guest saw")
      }
      guard !space.hasMSIXEnabled else {
        throw .unsuitable(
          "device \(number): its guest had MSI-X enabled, whose table is in no stream")
      }
      spaces.append((space, target.identifier))
    }
    monitor = try QMPClient(path: path)
    guard try !monitor.isRunning() else {
      throw .unsuitable(
        "the VM runs, with a device whose state it does not have; start it with -incoming, or "
          + "pause it")
    }
    try monitor.require(records.map(\.target))
    for (space, identifier) in spaces {
      devices.append((space, try monitor.function(taking: space, identifier: identifier)))
    }
  }

  /// Writes the registers that QEMU keeps of the devices.
  public func giveRegistersBack() throws(QMPError) {
    for device in devices { try monitor.restore(device.space, to: device.function) }
  }
}

extension ConfigSpaceState {
  /// What the guest saw: what a profile showed it, else the device's own space.
  fileprivate init?(guestsViewIn record: ConfigurationRecord) {
    if let shown = ConfigSpaceState(record) {
      self = shown
    } else if let physical = record.physical {
      self.init(
        synthesized: physical, emulatedBits: [UInt8](repeating: 0, count: physical.count))
    } else {
      return nil
    }
  }
}
