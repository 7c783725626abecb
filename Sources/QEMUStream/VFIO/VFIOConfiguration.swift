/// The configuration record of a VFIO device: the function that QEMU shows to the guest.
public struct VFIOConfiguration: Sendable, Hashable {
  /// The version of QEMU's PCI device state: 2.
  public var version: UInt32
  /// The configuration space as the guest sees it: 256 or 4096 bytes.
  public var space: [UInt8]
  /// The level of INTA…INTD: bits 0 to 3.
  public var assertedPins: UInt8
  /// The MSI-X table, 16 bytes a vector; empty without the capability.
  public var msixTable: [UInt8] = []
  /// The pending bit of each vector, the lowest first.
  public var msixPendingBits: [UInt8] = []
  /// The optional parts that follow, unread: subsections such as a display's.
  public var subsections: [UInt8] = []
  /// Whether the record could be read with the other size of the space as well.
  public var isSizeAmbiguous = false

  /// The two sizes of a space, the likelier first: QEMU makes every VFIO device one of PCI Express,
  /// unless the host's region has exactly 256 bytes.
  public static let spaceSizes = [4096, 256]

  /// A record of these parts.
  public init(
    version: UInt32 = 2, space: [UInt8], assertedPins: UInt8 = 0, msixTable: [UInt8] = [],
    msixPendingBits: [UInt8] = [], subsections: [UInt8] = []
  ) {
    self.version = version
    self.space = space
    self.assertedPins = assertedPins
    self.msixTable = msixTable
    self.msixPendingBits = msixPendingBits
    self.subsections = subsections
  }

  /// The number of MSI-X vectors.
  public var vectorCount: Int { msixTable.count / 16 }

  /// The bytes of the record between its tag and the end of the state.
  public var byteCount: Int {
    4 + space.count + 16 + msixTable.count + msixPendingBits.count + subsections.count
  }
}
