import PCIConfig

/// A capability that no derived profile has, and why.
struct DropRule {
  let id: CapabilityID
  let reason: String
  let source: Citation

  private init(_ id: CapabilityID, _ reason: String, _ source: Citation) {
    self.id = id
    self.reason = reason
    self.source = source
  }

  static let all: [DropRule] = [
    DropRule(
      .vitalProductData, "tells one device from another of its kind", .pci("appendix I")),
    DropRule(
      .enhancedAllocation, "fixes addresses of the host", .pcie("7.8.5")),
    DropRule(
      .singleRootIOV, "virtual functions are the host's to make",
      .qemu("hw/vfio/pci.c, vfio_add_ext_cap drops it")),
    DropRule(
      .alternativeRoutingID, "names the next function of the host's device",
      .qemu("hw/vfio/pci.c, vfio_add_ext_cap drops it")),
    DropRule(.dataLinkFeature, "the link is the host's", .pcie("7.7.4")),
    DropRule(.secondaryPCIExpress, "the link is the host's", .pcie("7.7.3")),
    DropRule(.physicalLayer16GT, "the link is the host's", .pcie("7.7.5")),
    DropRule(.physicalLayer32GT, "the link is the host's", .pcie("7.7.6")),
    DropRule(.physicalLayer64GT, "the link is the host's", .pcie("7.7.7")),
    DropRule(.laneMargining, "the link is the host's", .pcie("7.7.10")),
    DropRule(.powerBudgeting, "the slot's power is the host's", .pcie("7.8.1")),
    DropRule(
      .deviceSerialNumber, "tells one device from another; give one for the instance if needed",
      .pcie("7.9.3")),
    DropRule(
      .vendorSpecificExtended, "only the vendor knows what it means; keep it by name",
      .pcie("7.9.5")),
    DropRule(
      .designatedVendorSpecific, "only the vendor knows what it means; keep it by name",
      .pcie("7.9.6")),
    DropRule(
      .resizableBAR, "a guest would resize a region under its VMM",
      .qemu("hw/vfio/pci.c, vfio_setup_rebar_ecap leaves one size")),
    DropRule(
      .vfResizableBAR, "virtual functions are the host's to make", .pcie("7.8.7")),
    DropRule(.downstreamPortContainment, "belongs to ports", .pcie("7.9.14")),
    DropRule(
      .dataObjectExchange, "a mailbox whose answers are each device's own", .pcie("7.9.24")),
  ]

  private static let byID = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })

  /// Why a capability with `id` is dropped; nil if a profile may have it.
  static func reason(_ id: CapabilityID) -> String? {
    if let rule = byID[id] { return "\(rule.reason) (\(rule.source))" }
    return CapabilityPolicy.isKnown(id)
      ? nil : "no table says which of its bits are the device's; keep it by number"
  }
}
