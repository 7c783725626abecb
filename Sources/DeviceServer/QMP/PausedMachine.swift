public import MigrationStream
import StateTranslation
import VirtualPCI

/// A VM of QEMU that waits, paused, for its half of devices that are restored behind its back.
public struct PausedMachine {
  private let monitor: QMPClient
  private let identifier: String?
  /// What the guest saw of each device.
  private let spaces: [ConfigSpaceState]

  /// Makes sure that the VM whose monitor is at `path` is paused, and that `records`, which a
  /// stream has of devices, say what its guest saw. `identifier` is the `id=` of the only device's
  /// `-device`, if its PCI ids do not name it.
  public init(
    path: String, identifier: String? = nil, records: [(device: UInt16, ConfigurationRecord?)]
  ) throws(QMPError) {
    var spaces: [ConfigSpaceState] = []
    for (number, record) in records {
      guard let space = record.flatMap({ ConfigSpaceState(guestsViewIn: $0) }) else {
        throw .unsuitable("device \(number): the stream does not say what its guest saw")
      }
      guard !space.hasMSIXEnabled else {
        throw .unsuitable(
          "device \(number): its guest had MSI-X enabled, whose table is in no stream")
      }
      spaces.append(space)
    }
    self.spaces = spaces
    self.identifier = identifier
    monitor = try QMPClient(path: path)
    guard try !monitor.isRunning() else {
      throw .unsuitable(
        "the VM runs, with a device whose state it does not have; start it with -incoming, or "
          + "pause it")
    }
  }

  /// Writes the registers that QEMU keeps of the devices.
  public func giveRegistersBack() throws(QMPError) {
    for space in spaces { try monitor.restore(space, identifier: identifier) }
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
