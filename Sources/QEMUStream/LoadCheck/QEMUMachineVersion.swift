public import PCIConfig

/// The version of a QEMU machine: `9.2`.
public struct QEMUMachineVersion: Sendable, Hashable {
  /// The number before the dot.
  public let major: Int
  /// The number behind the dot.
  public let minor: Int

  /// Reads `MAJOR.MINOR`; nil for any other text.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.allSatisfy(\.isNumber) }),
      let major = Int(parts[0]), let minor = Int(parts[1])
    else { return nil }
    self.major = major
    self.minor = minor
  }

  /// The version at the end of a machine's name, such as `pc-q35-9.2`; nil if there is none.
  public init?(of machine: String) {
    guard let version = machine.split(separator: "-").last else { return nil }
    self.init(version)
  }

  /// The property `skip-vsc-check`: whether the load check leaves vendor-specific bytes out.
  ///
  /// Machines up to 9.0 compare them (QEMU hw/core/machine.c, `hw_compat_9_0`).
  public var skipsVendorBytes: Bool { (major, minor) > (9, 0) }
}

extension QEMUStreamCatalog {
  /// The version of the machine, by its name; 2.3 for one that is that old and says nothing.
  public var machineVersion: QEMUMachineVersion? {
    isOld ? QEMUMachineVersion("2.3") : configuration.flatMap { QEMUMachineVersion(of: $0.machine) }
  }
}

extension QEMULoadCheck {
  /// The check of a record's space against `local`, the space of a device on the destination.
  ///
  /// QEMU takes every region except one of 256 bytes for PCI Express, and `local` becomes as long
  /// as that (mtty's has 255). A dump of a header alone stays as it is.
  ///
  /// - Parameters:
  ///   - record: the bytes of the space in the stream, 256 or 4096.
  ///   - local: the space of the destination.
  ///   - conditions: what else is known; of a stream, how the function came into it is.
  /// - Throws: `PCIConfigError` if the record's space has a size that no space has.
  public init(
    record: [UInt8], local: ConfigSpace, conditions: QEMULoadConditions
  ) throws(PCIConfigError) {
    try self.init(record: ConfigSpace(record), local: local, conditions: conditions)
  }

  /// The same of a record's space, or of that of the device at the source.
  init(
    record: ConfigSpace, local: ConfigSpace, conditions: QEMULoadConditions
  ) throws(PCIConfigError) {
    var local = local
    if conditions.function == .assigned, local.byteCount > 64, local.byteCount != 256,
      local.byteCount < 4096
    {
      local = try ConfigSpace(
        local.bytes + [UInt8](repeating: 0, count: 4096 - local.byteCount),
        unknownRanges: local.unknownRanges + (local.isWhole ? [] : [local.byteCount..<4096]))
    }
    self.init(stream: record, local: local, conditions: conditions)
  }
}
