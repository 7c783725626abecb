/// A file of configuration spaces: the text of `lspci -x`, or the raw bytes of one space.
public struct ConfigSpaceDump: Sendable {
  /// In the order of the file; at least one.
  public let devices: [DumpedDevice]

  /// The device at `address`.
  public func device(at address: PCIAddress) -> DumpedDevice? {
    devices.first { $0.address == address }
  }
}
