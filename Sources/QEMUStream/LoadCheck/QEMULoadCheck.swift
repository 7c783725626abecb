import ByteIO
public import PCIConfig

/// The load check of QEMU, which compares a stream's configuration record with a destination
/// (`get_pci_config_device` in `hw/pci/pci.c`).
///
/// Every bit that is compared, and that guests neither write nor clear, must be the same. QEMU
/// stops at the first byte that differs; this lists them all.
public struct QEMULoadCheck: Sendable, Hashable {
  /// A byte that would be refused.
  public struct Mismatch: Sendable, Hashable {
    /// The offset in the configuration space.
    public let offset: Int
    /// The byte in the stream.
    public let read: UInt8
    /// The byte of the destination.
    public let device: UInt8
    /// The bits that are compared.
    public let cmask: UInt8
    /// The bits that a guest writes, which are not compared.
    public let wmask: UInt8
    /// The bits that a guest clears, which are not compared.
    public let w1cmask: UInt8
    /// The capability and register that the byte belongs to.
    public let field: String
  }

  /// A property that QEMU's machine versions set to different values, with the other value.
  public struct MachineProperty: Sendable, Hashable {
    /// The device and the property: `vfio-pci.skip-vsc-check`.
    public let name: String
    /// The value that the check was not asked for.
    public let value: String
    /// The machine versions with that value.
    public let machines: String
    /// The number of bytes that are refused with that value.
    public let refused: Int
    /// Whether the answer differs from the check's.
    public let changesAnswer: Bool
  }

  /// The bytes that are refused, in ascending order.
  public let refused: [Mismatch]
  /// QEMU's message about the first one; nil if all are accepted.
  public let message: String?
  /// The properties whose other value could change the answer.
  public let machineProperties: [MachineProperty]
  /// Other reasons against the load, and limits of the prediction, in sentences.
  public let notes: [String]

  /// Whether QEMU would load the record.
  public var isAccepted: Bool { refused.isEmpty && !differsInSize }
  private let differsInSize: Bool

  /// Compares two spaces; a device's own, with capabilities that no guest sees, is first changed
  /// into what QEMU shows its guest.
  ///
  /// - Parameters:
  ///   - stream: the space in the stream's record.
  ///   - local: the space of the destination.
  ///   - skipsVendorBytes: the property `skip-vsc-check`, true for machines from 9.1 on.
  public init(stream: ConfigSpace, local: ConfigSpace, skipsVendorBytes: Bool = true) {
    let chosen = Self.compare(stream, local, skipsVendorBytes: skipsVendorBytes)
    let other = Self.compare(stream, local, skipsVendorBytes: !skipsVendorBytes)
    refused = chosen
    differsInSize = stream.byteCount != local.byteCount
    message = chosen.first.map(\.message)
    machineProperties = [
      MachineProperty(
        name: "vfio-pci.skip-vsc-check", value: "\(!skipsVendorBytes)",
        machines: skipsVendorBytes ? "9.0 and older" : "9.1 and newer", refused: other.count,
        changesAnswer: !differsInSize && other.isEmpty != chosen.isEmpty)
    ]
    var notes: [String] = []
    if differsInSize {
      notes.append(
        "the record has \(stream.byteCount) bytes and the destination reads \(local.byteCount): QEMU "
          + "records no length and loses its place in the stream")
    }
    for (name, space) in [("stream", stream), ("destination", local)]
    where QEMUVisibility.isPhysical(space.capabilityList) {
      notes.append(
        "the \(name)'s space is a device's own: capabilities that the kernel or QEMU hides are left out"
      )
    }
    notes.append(
      "the sizes of BARs are not compared; a BAR that is smaller at the destination passes unseen")
    notes.append("Power Management is taken as QEMU 10.0 and newer add it, with a writable state")
    self.notes = notes
  }

  private static func compare(
    _ stream: ConfigSpace, _ local: ConfigSpace, skipsVendorBytes: Bool
  ) -> [Mismatch] {
    let source = QEMUShadow(stream, skipsVendorBytes: skipsVendorBytes)
    let shadow = QEMUShadow(local, skipsVendorBytes: skipsVendorBytes)
    // A stream's own bytes stay as they are; a device's have to become a stream's first.
    let read = source.wasPhysical ? source.bytes : stream.bytes
    let fields = FieldNames(local)
    return (0..<min(read.count, shadow.bytes.count)).compactMap { index in
      let differing = read[index] ^ shadow.bytes[index]
      let (cmask, wmask, w1cmask) = (
        shadow.cmask[index], shadow.wmask[index], shadow.w1cmask[index]
      )
      guard differing & cmask & ~wmask & ~w1cmask != 0 else { return nil }
      return Mismatch(
        offset: index, read: read[index], device: shadow.bytes[index], cmask: cmask, wmask: wmask,
        w1cmask: w1cmask, field: fields.name(of: index))
    }
  }
}

extension QEMULoadCheck.Mismatch {
  /// The offset, both bytes and the masks.
  public var summary: String {
    "0x\(hex(offset, digits: 3)) stream \(hex(read, digits: 2)) destination \(hex(device, digits: 2)) "
      + "cmask \(hex(cmask, digits: 2)) wmask \(hex(wmask, digits: 2)) "
      + "w1cmask \(hex(w1cmask, digits: 2))"
  }

  /// QEMU's message about the byte.
  public var message: String {
    "get_pci_config_device: Bad config data: i=0x\(hex(offset)) read: \(hex(read)) device: \(hex(device)) "
      + "cmask: \(hex(cmask)) wmask: \(hex(wmask)) w1cmask:\(hex(w1cmask))"
  }
}

/// Names the capability and the register of a byte.
private struct FieldNames {
  private let space: ConfigSpace
  private let capabilities: [Capability]

  init(_ space: ConfigSpace) {
    self.space = space
    capabilities = space.capabilityList.capabilities
  }

  func name(of byte: Int) -> String {
    if byte < 64 {
      return "header "
        + (space.headerRegisters.first { $0.range.contains(byte) }?.name ?? "reserved")
    }
    guard let capability = capabilities.first(where: { $0.range.contains(byte) }) else {
      return "behind "
        + (capabilities.filter { $0.offset <= byte }.max { $0.offset < $1.offset }?.id.description
          ?? "the header")
    }
    if let register = space.registers(of: capability).first(where: { $0.range.contains(byte) }) {
      return "\(capability.id) \(register.name)"
    }
    let place = byte - capability.offset
    let isHeader = place < (capability.isExtended ? 4 : 2)
    return "\(capability.id) " + (isHeader ? "header" : "byte +0x\(hex(place, digits: 2))")
  }
}
