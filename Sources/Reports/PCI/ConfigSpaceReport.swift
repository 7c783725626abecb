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

  /// What its vendor, its kind and its subsystem are called.
  public let names: PCINames?

  /// A report on `device`, with names if they are at hand.
  public init(_ device: DumpedDevice, names: PCINames? = nil) {
    self.device = device
    self.names = names
    list = device.space.capabilityList
    map = ConfigSpaceMap(device.space, list)
  }

  var space: ConfigSpace { device.space }

  /// The vendor's name.
  var vendorName: String? { space.u16(at: 0x00).flatMap { names?.vendor($0) } }

  /// The device's name.
  var deviceName: String? {
    guard let vendor = space.u16(at: 0x00), let device = space.u16(at: 0x02) else { return nil }
    return names?.device(device, of: vendor)
  }

  /// The subsystem's name, or else its vendor's.
  var subsystemName: String? {
    guard let vendor = space.u16(at: 0x00), let device = space.u16(at: 0x02),
      let subsystem = space.subsystem
    else { return nil }
    return names?.subsystem(subsystem, of: device, of: vendor) ?? names?.vendor(subsystem.0)
  }

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
