import ByteIO
public import PCIConfig

/// What there is to say about the configuration space of one device (`ferry pci show`); the JSON is
/// an item of `schemas/pci-show.schema.json`.
public struct ConfigSpaceReport: Report {
  /// The device as its dump has it.
  public let device: DumpedDevice
  /// Its capabilities.
  public let list: CapabilityList
  /// Who has which bytes.
  public let map: ConfigSpaceMap

  /// A report on `device`.
  public init(_ device: DumpedDevice) {
    self.device = device
    list = device.space.capabilityList
    map = ConfigSpaceMap(device.space, list)
  }

  var space: ConfigSpace { device.space }

  /// Each byte of `range` in two hexadecimal digits, or `??` if the dump lacks it.
  func digits(_ range: Range<Int>) -> [String] {
    range.clamped(to: 0..<space.byteCount).map { index in
      space.u8(at: index).map { hex($0, digits: 2) } ?? "??"
    }
  }

  /// What gives the bytes that the capability lists lack; nil if they lack none.
  var command: String? {
    list.findings.contains(where: \.isGap)
      ? ConfigSpaceDump.wholeSpaceCommand(for: device.address) : nil
  }
}
