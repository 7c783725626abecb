import ByteIO
import PCIConfig

/// Some bits of a register: what a guest may do with them, how devices agree on them, and who says
/// so.
public struct BitRule: Sendable {
  /// The bits within their register.
  public let bits: UInt32
  /// The name of the bits, as reports show it.
  public let name: String
  /// The effect of a guest's reads and writes.
  public let access: BitAccess
  /// The way in which values of several devices become one.
  public let mergeRule: MergeRule
  /// What goes wrong in a guest when the device has less than the profile promises.
  public let consequence: String
  /// The place where the rule can be looked up.
  public let source: Citation
  /// The events that a write of the bits causes.
  public let effect: ConfigWriteEffects
  /// What the number 0 stands for.
  public let zeroMeans: UInt32

  /// A rule for `bits`; by default they are constant and must be the same on all devices.
  public init(
    _ bits: UInt32, _ name: String, _ access: BitAccess = .constant,
    _ mergeRule: MergeRule = .fixed, consequence: String = "", effect: ConfigWriteEffects = [],
    zeroMeans: UInt32 = 0, from source: Citation
  ) {
    self.bits = bits
    self.name = name
    self.access = access
    self.mergeRule = mergeRule
    self.consequence = consequence
    self.effect = effect
    self.zeroMeans = zeroMeans
    self.source = source
  }

  /// The number in these bits of a register's `value`.
  func number(in value: UInt32) -> UInt32 {
    let number = value.field(bits)
    return number == 0 ? zeroMeans : number
  }

  /// The bits for all devices whose registers hold `values`, in place; those of `fallback` if
  /// nobody is asked.
  func merge(_ values: [UInt32], fallback: UInt32) -> UInt32 {
    mergeRule.merge(values.map { number(in: $0) }, fallback: number(in: fallback))
      .placed(in: bits)
  }

  /// Whether a device whose register holds `found` can carry a profile whose register holds
  /// `wanted`.
  func isMet(wanted: UInt32, found: UInt32) -> Bool {
    mergeRule.isMet(wanted: number(in: wanted), found: number(in: found))
  }
}

extension UInt32 {
  /// The bits of `mask`, moved down to bit 0.
  func field(_ mask: UInt32) -> UInt32 {
    mask == 0 ? 0 : (self & mask) >> UInt32(mask.trailingZeroBitCount)
  }

  /// `value` moved up to the place of `mask`.
  func placed(in mask: UInt32) -> UInt32 {
    mask == 0 ? 0 : (self << UInt32(mask.trailingZeroBitCount)) & mask
  }
}

extension BitRule {
  /// The bits of a register's `value` as people count them: `33 vectors`, `256 bytes`, `yes`,
  /// `0x7`.
  func text(_ value: UInt32, of id: CapabilityID) -> String {
    let number = number(in: value)
    switch (id, name) {
    case (.msix, "table size"): return "\(number + 1) vectors"
    case (.msi, "multiple message capable"): return "\(1 << min(number, 5)) vectors"
    case (.pciExpress, "max payload size supported"): return "\(128 << min(number, 7)) bytes"
    default: break
    }
    if bits.nonzeroBitCount == 1 { return value & bits != 0 ? "yes" : "no" }
    switch mergeRule {
    case .least, .leastShown: return "\(number)"
    case .fixed, .common, .commonShown, .first: return "0x\(hex(value.field(bits)))"
    }
  }
}

/// What a guest's reads and writes of some bits do.
public enum BitAccess: String, Sendable, Hashable {
  /// Reads as the profile's value; writes are ignored.
  case constant
  /// Reads as what the guest wrote last; the device never sees it.
  case emulated
  /// As `emulated`, and every write also goes to the device's own register.
  case forwarded
  /// Emulated, and a 1 written clears the bit (RW1C).
  case clearable
  /// Reads as 0; a 1 written asks the VMM for something, such as a reset.
  case trigger
  /// Reads and writes go to the device.
  case device
  /// Reads go to the device; writes are ignored.
  case deviceReadOnly
  /// Reads go to the device, and so does a 1 written, which clears the bit there (RW1C).
  case deviceClearable

  /// Whether a guest reads the device's own bits.
  public var readsDevice: Bool {
    switch self {
    case .device, .deviceReadOnly, .deviceClearable: true
    case .constant, .emulated, .forwarded, .clearable, .trigger: false
    }
  }

  /// Whether the device must have such a register for the access to mean anything.
  public var needsDevice: Bool { readsDevice || self == .forwarded }

  /// Whether a VMM keeps state for the bits.
  public var isEmulated: Bool {
    switch self {
    case .emulated, .forwarded, .clearable: true
    case .constant, .trigger, .device, .deviceReadOnly, .deviceClearable: false
    }
  }
}

/// Where a fact can be looked up: a section of a specification, or a function of an open program.
public struct Citation: Sendable, Hashable, CustomStringConvertible {
  public let description: String

  /// A citation in these words.
  public init(_ description: String) { self.description = description }

  /// A section of the PCI Express Base Specification 6.0.
  public static func pcie(_ section: String) -> Self { Self("PCIe Base 6.0, \(section)") }
  /// A section of the PCI Local Bus Specification 3.0.
  public static func pci(_ section: String) -> Self { Self("PCI 3.0, \(section)") }
  /// What Linux's `drivers/vfio/pci/vfio_pci_config.c` does in `function`.
  public static func vfio(_ function: String) -> Self {
    Self("Linux vfio_pci_config.c, \(function)")
  }
  /// A file of Linux, and what in it.
  public static func linux(_ place: String) -> Self { Self("Linux \(place)") }
  /// A file of QEMU, and what in it.
  public static func qemu(_ place: String) -> Self { Self("QEMU \(place)") }
}
