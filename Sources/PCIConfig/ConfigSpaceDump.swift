/// A file of configuration spaces: the text of `lspci -x`, `-xxx` or `-xxxx`, or the raw bytes of one space.
public struct ConfigSpaceDump: Sendable {
  /// In the order of the file; at least one.
  public let devices: [DumpedDevice]

  public init(_ devices: [DumpedDevice]) throws(PCIConfigError) {
    guard !devices.isEmpty else {
      throw PCIConfigError(.dump, "expected a dump of configuration space, found no device")
    }
    self.devices = devices
  }

  /// Reads either form, told apart by their bytes.
  public init(parsing bytes: [UInt8]) throws(PCIConfigError) {
    if Self.isText(bytes) {
      self = try ConfigSpaceDump(text: bytes)
    } else {
      self = try ConfigSpaceDump(raw: bytes)
    }
  }

  /// Reads what sysfs's `config`, or a VFIO region, holds.
  public init(raw bytes: [UInt8]) throws(PCIConfigError) {
    devices = [
      DumpedDevice(address: nil, title: "", line: nil, space: try ConfigSpace(bytes))
    ]
  }

  /// Reads lspci's text. Lines that are neither a device's head nor a row of bytes, such as those of `-vvv`, are passed
  /// over; rows that are missing become unknown bytes.
  public init(text: [UInt8]) throws(PCIConfigError) {
    var reader = DumpTextReader()
    var number = 0
    for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number &+= 1
      try reader.read(line, number: number)
    }
    self = try ConfigSpaceDump(try reader.finish())
  }

  /// Text has no control characters but those between lines. Spaces of ones have none either, and no line.
  private static func isText(_ bytes: [UInt8]) -> Bool {
    let hasControls = bytes.contains { $0 < 0x20 && $0 != 0x09 && $0 != 0x0a && $0 != 0x0d }
    return !hasControls && (bytes.contains(0x0a) || !ConfigSpace.byteCounts.contains(bytes.count))
  }
}
