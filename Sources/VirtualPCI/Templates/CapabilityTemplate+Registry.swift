public import PCIConfig

extension CapabilityTemplate {
  /// Every kind that profiles know by name, standard before extended, by number.
  public static let all: [CapabilityTemplate] = [
    .powerManagement, .msi, .vendorSpecific, .pciExpress, .msix, .advancedFeatures,
    .advancedErrorReporting, .deviceSerialNumber, .vendorSpecificExtended, .accessControl,
    .addressTranslation, .pageRequest, .tphRequester, .latencyTolerance, .pasid,
    .l1Substates, .precisionTime, .designatedVendorSpecific,
  ]

  private static let byID = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })
  private static let byKey = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })

  /// The template whose `id` in profiles is `key`.
  public static func named(_ key: String) -> CapabilityTemplate? { byKey[key] }

  /// The template for `id`; one that keeps bytes as they are where no table describes the capability.
  public static func template(for id: CapabilityID) -> CapabilityTemplate {
    byID[id] ?? .opaque(id)
  }

  /// Whether a table describes `id`.
  public static func isKnown(_ id: CapabilityID) -> Bool { byID[id] != nil }
}
