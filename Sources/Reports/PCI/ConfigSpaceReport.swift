import ByteIO
public import PCIConfig

/// What there is to say about the configuration space of one device.
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

  /// What tells `capability` from others with the same id, if its table knows.
  func detail(of capability: Capability) -> String? {
    CapabilityFormat.format(for: capability.id)?
      .detail?(CapabilityView(space, at: capability.offset))
  }

  /// The bytes of `range` in hexadecimal, without spaces.
  func digits(_ range: Range<Int>) -> String {
    space.bytes[range.clamped(to: 0..<space.byteCount)].map { hex($0, digits: 2) }.joined()
  }
}
