import ByteIO

/// A file of configuration spaces: a text with dumps in it, or the raw bytes of one space.
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
    if bytes.span.raw.isText {
      self = try ConfigSpaceDump(text: bytes)
    } else {
      self = try ConfigSpaceDump(raw: bytes)
    }
  }

  /// Reads what sysfs's `config`, or a VFIO region, holds. Whole are 4096 bytes, and the 255 of
  /// VFIO's sample devices; sysfs gives an unprivileged reader 64.
  public init(raw bytes: [UInt8]) throws(PCIConfigError) {
    devices = [
      DumpedDevice(
        address: nil, title: "", line: nil,
        space: try ConfigSpace(bytes, isWhole: bytes.count == 255))
    ]
  }

  /// Reads a text in which dumps stand, as people post them: the output of `lspci -x…` (with or
  /// without `-v`), `hexdump`, `xxd` or `od`, joined digits, the kernel's early dump, and what
  /// QEMU's trace shows of reads.
  ///
  /// They may be quoted, indented, in UTF-16, and among lines of any other kind, which are passed
  /// over. Bytes that no row has are unknown.
  ///
  /// - Throws: `PCIConfigError` with code `dump` if the text shows no space, with a line if it
  ///   lists functions without their bytes; `dump`, `size` or `limit` for a row that cannot be
  ///   taken.
  public init(text: [UInt8]) throws(PCIConfigError) {
    var reader = ConfigSpaceDumpReader()
    try reader.read(text.span.raw)
    self = try reader.finish()
  }
}

extension ConfigSpaceDump {
  /// The command that prints all of a function's space to root, if a dump lacks some of it.
  public static func wholeSpaceCommand(for address: PCIAddress?) -> String {
    "lspci -xxxx -s \(address?.description ?? "SLOT")"
  }

  /// The devices that `selector` names, or all if it is nil: a slot, or the number of a device in
  /// the dump, from 0, if a slot is there twice.
  ///
  /// A slot may leave out the domain if that is not ambiguous to whoever asks: `3b:00.1` also finds
  /// `0002:3b:00.1`.
  public func devices(at selector: String?) throws(PCIConfigError) -> [DumpedDevice] {
    guard let selector else { return devices }
    if let number = Int(selector), selector.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
      guard devices.indices.contains(number) else {
        throw PCIConfigError(
          .noDevice, "expected the device number \(selector), found \(Self.list(devices))")
      }
      return [devices[number]]
    }
    guard let wanted = PCIAddress(selector) else {
      throw PCIConfigError(
        .noDevice,
        "expected a device as [DDDD:]BB:DD.F in hexadecimal, or by its number, found '\(selector)'")
    }
    let namesDomain = selector.split(separator: ":").count == 3
    let found = devices.filter { device in
      guard let address = device.address else { return false }
      return namesDomain ? address == wanted : address.isSameSlot(as: wanted)
    }
    guard !found.isEmpty else {
      throw PCIConfigError(
        .noDevice, "expected the device \(selector), found \(Self.list(devices))")
    }
    return found
  }

  /// The only device that `selector` names.
  public func device(at selector: String?) throws(PCIConfigError) -> DumpedDevice {
    let found = try devices(at: selector)
    guard found.count == 1 else {
      let place = selector.map { " at \($0)" } ?? ""
      throw PCIConfigError(
        .noDevice,
        "expected one device\(place), found \(found.count) of \(Self.list(devices)): choose one by "
          + "its \(selector == nil ? "slot or " : "")number")
    }
    return found[0]
  }

  /// The devices by their numbers, for an error.
  static func list(_ devices: [DumpedDevice]) -> String {
    let shown = devices.prefix(8).enumerated().map { number, device in
      let address = device.address?.description ?? "no address"
      return "\(number) (\(address)\(device.line.map { ", line \($0)" } ?? ""))"
    }
    let rest = devices.count - shown.count
    return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }
}

/// One device of a dump.
public struct DumpedDevice: Sendable {
  /// Where it sat on the machine that was dumped; raw bytes do not say.
  public let address: PCIAddress?
  /// The rest of the head line: class and names, or whatever the dump has there, control characters
  /// too; empty if nothing.
  public let title: String
  /// The line of its head, counted from 1; nil in raw bytes.
  public let line: Int?
  /// The bytes that the dump shows of the function.
  public let space: ConfigSpace
  /// The sizes in bytes of its BARs, by index, as far as something beside the space tells them.
  public var barSizes: [Int: UInt64]
  /// The capabilities that the space leaves out though the function may have them.
  public var hiddenCapabilities: Set<CapabilityID> = []
  /// How its bytes were made of words; nil if the dump has bytes.
  public let words: DumpedWords?

  /// A function as a dump shows it.
  public init(
    address: PCIAddress?, title: String, line: Int?, space: ConfigSpace,
    barSizes: [Int: UInt64] = [:], words: DumpedWords? = nil
  ) {
    self.address = address
    self.title = title
    self.line = line
    self.space = space
    self.barSizes = barSizes
    self.words = words
  }
}
