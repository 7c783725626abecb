/// What the kernel shows of a device's migration without the device being opened (debugfs).
public struct MigrationDebug: Sendable, Hashable {
  /// The state that it is in, as the uAPI names it, or the driver's refusal to say.
  public let state: String?
  /// What its driver can do: `stop-copy`, `p2p`, `pre-copy`, `dirty-tracking`.
  public let features: [String]?
}

extension HostTree {
  /// What debugfs has under `vfio/NAME/migration`; nil if there is nothing, or not for this user.
  public func migrationDebug(of device: HostDevice) -> MigrationDebug? {
    let folder = "/sys/kernel/debug/vfio/\(device.name)/migration"
    let state = text("\(folder)/state")
    let features = text("\(folder)/features")
    guard state != nil || features != nil else { return nil }
    return MigrationDebug(
      state: state, features: features.map { $0.split(separator: "\n").map(String.init) })
  }

  /// Whether a PCI function is a virtual one, which alone drivers migrate; nil of other devices.
  public func isVirtualFunction(_ device: HostDevice) -> Bool? {
    device.bus == "pci" ? link("/sys/bus/pci/devices/\(device.name)/physfn") != nil : nil
  }
}
