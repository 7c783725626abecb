/// What a capability's registers are: the data by which it is measured, named and shown.
///
/// Sections that tables name are those of the PCI Express Base Specification 6.0. Registers and
/// fields have the short names that lspci made common, if it has one.
public struct CapabilityFormat: Sendable {
  /// The capability that the format describes.
  public let id: CapabilityID
  /// The name that the specification gives it.
  public let name: String
  /// The number of bytes of the structure, as its own registers say; nil if they do not.
  public let length: @Sendable (CapabilityView) -> Int?
  /// The version that a standard capability keeps in a register of its own.
  public let version: (@Sendable (CapabilityView) -> Int)?
  /// What distinguishes one such capability from another with the same id, such as a vendor's own
  /// name.
  public let detail: (@Sendable (CapabilityView) -> String?)?
  /// The registers at fixed places.
  public let registers: [Register]
  /// The registers whose number or place depends on others.
  public let variableRegisters: (@Sendable (CapabilityView) -> [Register])?

  /// A capability whose length its own registers tell.
  public init(
    _ id: CapabilityID, _ name: String,
    length: @escaping @Sendable (CapabilityView) -> Int?,
    version: (@Sendable (CapabilityView) -> Int)? = nil,
    detail: (@Sendable (CapabilityView) -> String?)? = nil,
    registers: [Register] = [],
    variableRegisters: (@Sendable (CapabilityView) -> [Register])? = nil
  ) {
    self.id = id
    self.name = name
    self.length = length
    self.version = version
    self.detail = detail
    self.registers = registers
    self.variableRegisters = variableRegisters
  }

  /// A capability whose length is always the same.
  public init(_ id: CapabilityID, _ name: String, length: Int, registers: [Register]) {
    self.init(id, name, length: { _ in length }, registers: registers)
  }
}

extension CapabilityFormat {
  /// Every capability that is known by its fields, standard before extended, by number.
  public static let all: [CapabilityFormat] = [
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
  public static func format(for id: CapabilityID) -> CapabilityFormat? { byID[id] }
}
