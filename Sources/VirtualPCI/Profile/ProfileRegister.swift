import ByteIO
public import PCIConfig
public import YAMLReader

/// Bits of the space that a profile treats otherwise than the defaults do.
public struct ProfileRegister: Sendable {
  /// The register of a device that serves bits of a profile.
  public enum Counterpart: Sendable, Hashable {
    /// The same offset in the header.
    case header(Int)
    /// The same register of the same capability, wherever the device has it; `instance` counts
    /// those with the id.
    case capability(CapabilityID, instance: Int, offset: Int)
    /// An offset that the profile names.
    case absolute(Int)
  }

  /// Where the first byte lies in the space that the guest sees.
  public var offset: Int
  /// Which bits, bit 0 being the first of the byte at `offset`.
  public var bits: UInt32
  /// The origin of the bits that the guest reads.
  public var source: Source
  /// The name that explanations show.
  public var name: String
  /// The value at reset, in place; nil keeps what is there.
  public var reset: UInt32?
  /// The bits that a guest can write; nil for all if that makes sense.
  public var writable: UInt32?
  /// The bits that a guest clears by writing 1.
  public var clearable: UInt32
  /// Which register of the device; nil for the same one.
  public var physical: Counterpart?
  /// What a device must have there, in place.
  public var required: UInt32?
  /// The place in the profile's text, for errors.
  public var mark: YAMLMark?

  /// The origin of the bits that a guest reads.
  public enum Source: String, Sendable, Hashable, CaseIterable {
    /// The profile's value; writes are ignored.
    case constant
    /// The guest's last write, which the device never sees.
    case emulated
    /// Emulated, and writes also go to the device.
    case forwarded
    /// The device's own register.
    case device
  }

  /// A register of at most four bytes at `offset` of the space.
  public init(
    at offset: Int, bits: UInt32, source: Source, name: String, reset: UInt32? = nil,
    writable: UInt32? = nil, clearable: UInt32 = 0, physical: Counterpart? = nil,
    required: UInt32? = nil, mark: YAMLMark? = nil
  ) {
    self.offset = offset
    self.bits = bits
    self.source = source
    self.name = name
    self.reset = reset
    self.writable = writable
    self.clearable = clearable
    self.physical = physical
    self.required = required
    self.mark = mark
  }
}

extension ProfileRegister.Counterpart: CustomStringConvertible {
  /// `0x04`, `express+0x08`, or `vendor[1]+0x04`.
  public var description: String {
    switch self {
    case .header(let offset), .absolute(let offset): "0x" + hex(offset, digits: 2)
    case .capability(let id, let instance, let offset):
      CapabilityPolicy.policy(for: id).key + (instance == 0 ? "" : "[\(instance)]") + "+0x"
        + hex(offset, digits: 2)
    }
  }
}

/// A requirement that every profile must meet, and who makes it.
public struct ProfileRule: Sendable, Hashable {
  /// The rule in words.
  public let name: String
  /// The section that the rule stands in.
  public let source: Citation

  private init(_ name: String, _ source: Citation) {
    self.name = name
    self.source = source
  }

  public static let alignment = Self("capability alignment", .pci("6.7; PCIe Base 6.0, 7.6.3"))
  public static let region = Self(
    "capability region", .pci("6.7; PCIe Base 6.0, 7.6.1: 0x40 to 0xff, and 0x100 to 0xfff"))
  public static let overlap = Self("overlapping capabilities", .pci("6.7"))
  public static let length = Self("capability length", .pci("6.7; PCIe Base 6.0, 7.6.1"))
  public static let firstExtended = Self(
    "first extended capability", .pcie("7.6.1: the list begins at 0x100"))
  public static let extendedNeedsExpress = Self(
    "extended capabilities need PCI Express", .pcie("7.2"))
  public static let pasidNeedsExpress = Self("PASID needs PCI Express", .pcie("6.20"))
  public static let pageRequestNeedsATS = Self(
    "PRI needs ATS", .pcie("10.4.1: page requests are made by functions that use ATS"))
  public static let pasidPrefix = Self(
    "PASID needs end-to-end TLP prefixes",
    .linux("drivers/pci/ats.c, pci_enable_pasid refuses an endpoint without them"))
  public static let msixTable = Self(
    "MSI-X table and PBA within a memory BAR", .pci("6.8.2.4 and 6.8.2.5"))
  public static let once = Self(
    "one of each capability", .pci("6.8: at most one MSI and one MSI-X; PCIe Base 6.0, 7.5.3"))
  public static let barShape = Self("BAR kind, index and size", .pci("6.2.5.1"))
  public static let interruptPin = Self(
    "a virtual function has no interrupt pin", .pcie("9.3.4.1.15"))
  public static let version = Self("capability version", .pcie("7.6.3"))
  public static let vendorLength = Self(
    "the length in the bytes", .pci("appendix H; PCIe Base 6.0, 7.9.5 and 7.9.6"))
  public static let registerBits = Self(
    "register bits", Citation("schemas/vpci-profile.schema.json, registers"))
  public static let chain = Self(
    "the chain is the layout's", Citation("ids, versions and next pointers follow from `at`"))
  public static let frozen = Self(
    "a frozen profile keeps its bytes", Citation("`ferry pci freeze` wrote the digest"))
}
