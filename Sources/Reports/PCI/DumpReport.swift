public import ByteIO
public import PCIConfig

/// What there is to say about the devices of a dump (`ferry pci show`); the JSON is
/// `schemas/pci-show.schema.json`.
public struct DumpReport: Report {
  /// A report for each device.
  public let devices: [ConfigSpaceReport]

  /// A report on the devices of a dump.
  public init(_ devices: [DumpedDevice]) {
    self.devices = devices.map(ConfigSpaceReport.init)
  }

  /// The devices' texts with an empty line between them.
  public var text: String { devices.map(\.text).joined(separator: "\n\n") }

  /// An array with an object for each device.
  public var json: JSONValue { .array(devices.map(\.json)) }
}
