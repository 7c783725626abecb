/// A requirement that every profile must meet, and who makes it.
public struct ProfileRule: Sendable, Hashable {
  public let name: String
  public let source: FactSource

  private init(_ name: String, _ source: FactSource) {
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
    "register bits", FactSource("schemas/vpci-profile.schema.json, registers"))
  public static let chain = Self(
    "the chain is the layout's", FactSource("ids, versions and next pointers follow from `at`"))
  public static let frozen = Self(
    "a frozen profile keeps its bytes", FactSource("`ferry pci freeze` wrote the digest"))
}
