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

  /// What the check says of a load.
  public enum Verdict: String, Sendable, Hashable {
    /// QEMU would load the record.
    case accepted
    /// QEMU would refuse it.
    case refused
    /// The dumps lack bytes that decide.
    case unknown
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

  /// What is not in the dumps and would decide, in sentences; empty if the answer is certain.
  public let unknowns: [String]

  /// What the check says.
  public var verdict: Verdict {
    if !refused.isEmpty || differsInSize { return .refused }
    return unknowns.isEmpty ? .accepted : .unknown
  }

  /// Whether QEMU would load the record, as far as is known for certain.
  public var isAccepted: Bool { verdict == .accepted }
  private let differsInSize: Bool

  /// Compares two spaces; a device's own, with capabilities that no guest sees, is first changed
  /// into what QEMU shows its guest.
  ///
  /// - Parameters:
  ///   - stream: the space in the stream's record.
  ///   - local: the space of the destination.
  ///   - skipsVendorBytes: the property `skip-vsc-check`, true for machines from 9.1 on.
  public init(stream: ConfigSpace, local: ConfigSpace, skipsVendorBytes: Bool = true) {
    let chosen = QEMUComparison(stream, local, skipsVendorBytes: skipsVendorBytes)
    let other = QEMUComparison(stream, local, skipsVendorBytes: !skipsVendorBytes)
    refused = chosen.refused
    differsInSize = chosen.differsInSize
    unknowns = chosen.unknowns
    message = chosen.refused.first.map(\.message)
    machineProperties = [
      MachineProperty(
        name: "vfio-pci.skip-vsc-check", value: "\(!skipsVendorBytes)",
        machines: skipsVendorBytes ? "9.0 and older" : "9.1 and newer",
        refused: other.refused.count,
        changesAnswer: !differsInSize && other.refused.isEmpty != chosen.refused.isEmpty)
    ]
    var notes: [String] = []
    if differsInSize {
      notes.append(
        "the record has \(chosen.byteCounts.stream ?? 0) bytes and the destination reads "
          + "\(chosen.byteCounts.local ?? 0): QEMU "
          + "records no length and loses its place in the stream")
    }
    for (name, list) in [("stream", chosen.streamList), ("destination", chosen.localList)] {
      if QEMUVisibility.isPhysical(list) {
        notes.append(
          "the \(name)'s space is a device's own: capabilities that the kernel or QEMU hides are "
            + "left out")
      }
      notes += list.findings.filter { !$0.isGap }.map { "the \(name)'s space: \($0)" }
    }
    notes.append(
      "the sizes of BARs are not compared; a BAR that is smaller at the destination passes unseen")
    notes.append("Power Management is taken as QEMU 10.0 and newer add it, with a writable state")
    self.notes = notes
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
