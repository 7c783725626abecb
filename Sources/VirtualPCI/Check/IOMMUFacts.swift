/// What iommufd reports of the IOMMU behind a device, by the operator's word (`IOMMU_GET_HW_INFO`:
/// `out_max_pasid_log2`, `IOMMU_HW_CAP_PCI_PASID_EXEC`, `IOMMU_HW_CAP_PCI_PASID_PRIV`).
public struct IOMMUFacts: Sendable, Hashable {
  /// 0 if there is no PASID support.
  public var pasidWidth: Int
  /// Whether the IOMMU honours Execute Requested.
  public var allowsExecute: Bool
  /// Whether the IOMMU honours Privileged Mode Requested.
  public var allowsPrivileged: Bool

  /// The abilities of an IOMMU whose PASIDs have `pasidWidth` bits.
  public init(pasidWidth: Int, allowsExecute: Bool = false, allowsPrivileged: Bool = false) {
    self.pasidWidth = pasidWidth
    self.allowsExecute = allowsExecute
    self.allowsPrivileged = allowsPrivileged
  }

  /// Reads `pasid-width=N[,execute][,privileged]`.
  public init?(_ text: some StringProtocol) {
    var width: Int?
    self.init(pasidWidth: 0)
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      switch part {
      case "execute": allowsExecute = true
      case "privileged": allowsPrivileged = true
      default:
        guard width == nil, part.hasPrefix("pasid-width="),
          let number = Int(part.dropFirst("pasid-width=".count)), (0...20).contains(number)
        else { return nil }
        width = number
      }
    }
    guard let width else { return nil }
    pasidWidth = width
  }
}
