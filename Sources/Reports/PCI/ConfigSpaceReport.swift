import ByteIO
public import PCIConfig

/// What there is to say about one device of a dump, for people and for programs.
public struct ConfigSpaceReport: Sendable {
  public let device: DumpedDevice
  public let list: CapabilityList
  public let map: ConfigSpaceMap

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
