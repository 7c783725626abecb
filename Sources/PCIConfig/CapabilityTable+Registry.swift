extension CapabilityTable {
  /// Every capability that is known by its fields, standard before extended, by number.
  public static let all: [CapabilityTable] = [
    .powerManagement, .vitalProductData, .msi, .vendorSpecific, .subsystemID, .pciExpress, .msix,
    .advancedFeatures, .enhancedAllocation,
    .advancedErrorReporting, .virtualChannel, .deviceSerialNumber, .powerBudgeting,
    .virtualChannelWithMFVC, .vendorSpecificExtended, .accessControlServices,
    .alternativeRoutingID, .addressTranslationServices, .singleRootIOV, .multicast, .pageRequest,
    .resizableBAR, .tphRequester, .latencyToleranceReporting, .secondaryPCIExpress, .pasid,
    .downstreamPortContainment, .l1PMSubstates, .precisionTimeMeasurement, .frsQueueing,
    .designatedVendorSpecific, .vfResizableBAR, .dataLinkFeature, .physicalLayer16GT,
    .laneMargining, .physicalLayer32GT, .dataObjectExchange, .device3, .physicalLayer64GT,
  ]

  private static let byID = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })

  /// The table for `id`, if there is one.
  public static func table(for id: CapabilityID) -> CapabilityTable? { byID[id] }
}
