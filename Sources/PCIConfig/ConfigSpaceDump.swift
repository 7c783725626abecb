/// A file of configuration spaces: the text of `lspci -x`, `-xxx` or `-xxxx`, or the raw bytes of
/// one space.
public struct ConfigSpaceDump: Sendable {
  /// In the order of the file; at least one.
  public let devices: [DumpedDevice]

  /// A dump of these devices. Throws `PCIConfigError` if there is none.
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

  /// Reads what sysfs's `config`, or a VFIO region, holds. The sizes that sysfs gives an
  /// unprivileged reader (64, of CardBus 128) and that of a conventional function may be cut.
  public init(raw bytes: [UInt8]) throws(PCIConfigError) {
    devices = [
      DumpedDevice(
        address: nil, title: "", line: nil,
        space: try ConfigSpace(bytes, isWhole: ![64, 128, 256].contains(bytes.count)))
    ]
  }

  /// Reads lspci's text. Lines that are neither a device's head nor a row of bytes, such as those
  /// of `-vvv`, are passed over; rows that are missing become unknown bytes.
  public init(text: [UInt8]) throws(PCIConfigError) {
    var reader = DumpTextReader()
    var number = 0
    for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number &+= 1
      try reader.read(line, number: number)
    }
    self = try ConfigSpaceDump(try reader.finish())
  }

  /// Text has no control characters but those between lines. Spaces of ones have none either, and
  /// no line.
  private static func isText(_ bytes: [UInt8]) -> Bool {
    let hasControls = bytes.contains { $0 < 0x20 && $0 != 0x09 && $0 != 0x0a && $0 != 0x0d }
    return !hasControls && (bytes.contains(0x0a) || !ConfigSpace.byteCounts.contains(bytes.count))
  }
}

extension ConfigSpaceDump {
  /// The command that prints all of a function's space to root, if a dump lacks some of it.
  public static func wholeSpaceCommand(for address: PCIAddress?) -> String {
    "lspci -xxxx -s \(address?.description ?? "SLOT")"
  }

  /// The devices at `slot`, which may leave out the domain if that is not ambiguous to whoever
  /// asks: `3b:00.1` also finds `0002:3b:00.1`. Nil asks for all.
  public func devices(at slot: String?) throws(PCIConfigError) -> [DumpedDevice] {
    guard let slot else { return devices }
    guard let wanted = PCIAddress(slot) else {
      throw PCIConfigError(
        .noDevice, "expected a device as [DDDD:]BB:DD.F in hexadecimal, found '\(slot)'")
    }
    let namesDomain = slot.split(separator: ":").count == 3
    let found = devices.filter { device in
      guard let address = device.address else { return false }
      return namesDomain ? address == wanted : address.isSameSlot(as: wanted)
    }
    guard !found.isEmpty else {
      let present = devices.compactMap(\.address).prefix(8).map(\.description)
      let list = present.isEmpty ? "a space without an address" : present.joined(separator: ", ")
      throw PCIConfigError(.noDevice, "expected the device \(slot), found \(list)")
    }
    return found
  }
}

/// One device of a dump.
public struct DumpedDevice: Sendable {
  /// Where it sat on the machine that was dumped; raw bytes do not say.
  public let address: PCIAddress?
  /// The rest of the head line: class and names, or whatever the dump has there; empty if nothing.
  public let title: String
  /// The line of its head, counted from 1; nil in raw bytes.
  public let line: Int?
  /// The bytes that the dump shows of the function.
  public let space: ConfigSpace

  /// A function as a dump shows it.
  public init(address: PCIAddress?, title: String, line: Int?, space: ConfigSpace) {
    self.address = address
    self.title = title
    self.line = line
    self.space = space
  }
}
