/// Where a fact can be looked up: a section of a specification, or a function of an open program.
public struct FactSource: Sendable, Hashable, CustomStringConvertible {
  public let description: String

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
