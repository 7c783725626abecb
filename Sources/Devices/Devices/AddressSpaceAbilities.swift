public import MigrationStream

/// What can be attached to a device besides its one address space (`struct iommu_hw_info`,
/// include/uapi/linux/iommufd.h).
public struct AddressSpaceAbilities: Sendable, Hashable {
  /// `out_max_pasid_log2`: how many bits a PASID may have; 0 if none can be attached.
  public var pasidWidth: Int
  /// `IOMMU_HW_CAP_PCI_PASID_EXEC` and `…_PRIV`.
  public var permissions: PASIDTable.Binding.Permissions
  /// The types (`IOMMU_HWPT_DATA_…`) of guest page tables that can be nested.
  public var nestedDataTypes: Set<UInt32>
  /// Whether page requests can go to a fault queue.
  public var hasFaultQueue: Bool
  /// Whether it is known; if not, nobody could be asked, and there may be more.
  public var isKnown = true
  /// How this is known: what was asked of which kernel and what it said, for messages.
  public var evidence: String?

  /// Abilities as they are known; by default none.
  public init(
    pasidWidth: Int = 0, permissions: PASIDTable.Binding.Permissions = [],
    nestedDataTypes: Set<UInt32> = [], hasFaultQueue: Bool = false, evidence: String? = nil
  ) {
    self.pasidWidth = pasidWidth
    self.permissions = permissions
    self.nestedDataTypes = nestedDataTypes
    self.hasFaultQueue = hasFaultQueue
    self.evidence = evidence
  }
}
