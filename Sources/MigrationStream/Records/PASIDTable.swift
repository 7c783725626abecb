/// The address spaces of a device and which PASID sees which.
public struct PASIDTable: Sendable, Hashable {
  /// A PASID has 20 bits (PCI Express Base Specification 6.20).
  public static let maximumPASID: UInt32 = 0xf_ffff

  /// The address spaces that bindings refer to, by their ids.
  public var domains: [Domain]
  /// The PASIDs that are bound, each once.
  public var bindings: [Binding]
  /// Optional fields of later versions, kept so that a copy has them too.
  public var unknownFields: UnknownFields = []

  /// An address space: what iommufd calls a hardware page table.
  public struct Domain: Sendable, Hashable {
    /// The number that bindings name it by; only within this table.
    public var id: UInt32
    /// The form of the translation.
    public var kind: Kind
    /// The way in which page faults are handled.
    public var faults: FaultHandling
    /// Optional fields of later versions, kept so that a copy has them too.
    public var unknownFields: UnknownFields = []

    /// The form of a domain's translation.
    public enum Kind: Sendable, Hashable {
      /// An I/O address space that the VMM maps (`IOMMU_HWPT_DATA_NONE`).
      case addressSpace
      /// The guest's own page table under the VMM's: the type (`IOMMU_HWPT_DATA_…`) and payload of
      /// `IOMMU_HWPT_ALLOC`.
      case nested(dataType: UInt32, data: [UInt8])
    }

    /// The way in which a domain's page faults are handled.
    public enum FaultHandling: UInt8, Sendable, Hashable, CaseIterable {
      /// Faults are errors.
      case none = 0
      /// Page requests go to a fault queue (`IOMMU_HWPT_FAULT_ID_VALID`).
      case queue = 1
    }

    /// A domain with a number that only this table knows.
    public init(id: UInt32, kind: Kind = .addressSpace, faults: FaultHandling = .none) {
      self.id = id
      self.kind = kind
      self.faults = faults
    }
  }

  /// A PASID and the domain that its requests are translated by.
  public struct Binding: Sendable, Hashable {
    /// The PASID, of at most 20 bits.
    public var pasid: UInt32
    /// The `id` of a domain of the table.
    public var domain: UInt32
    /// The permissions beyond read and write.
    public var permissions: Permissions
    /// Optional fields of later versions, kept so that a copy has them too.
    public var unknownFields: UnknownFields = []

    /// What requests with the PASID may ask for beyond reading and writing.
    public struct Permissions: OptionSet, Sendable, Hashable {
      public let rawValue: UInt8
      public init(rawValue: UInt8) { self.rawValue = rawValue }

      public static var execute: Self { Self(rawValue: 1) }
      public static var privileged: Self { Self(rawValue: 2) }
    }

    /// Binds a PASID to the domain with the id `domain`.
    public init(pasid: UInt32, domain: UInt32, permissions: Permissions = []) {
      self.pasid = pasid
      self.domain = domain
      self.permissions = permissions
    }
  }

  /// A table; `defect` says whether it is consistent.
  public init(domains: [Domain] = [], bindings: [Binding] = []) {
    self.domains = domains
    self.bindings = bindings
  }

  /// The first thing that is wrong with the table: a domain or PASID twice, a PASID of more than 20
  /// bits, a binding without its domain.
  public var defect: String? {
    var ids: Set<UInt32> = []
    for domain in domains where !ids.insert(domain.id).inserted {
      return "domain \(domain.id) is there twice"
    }
    var pasids: Set<UInt32> = []
    for binding in bindings {
      if binding.pasid > Self.maximumPASID { return "PASID \(binding.pasid) has over 20 bits" }
      if !ids.contains(binding.domain) {
        return "PASID \(binding.pasid) is bound to domain \(binding.domain), which is not there"
      }
      if !pasids.insert(binding.pasid).inserted { return "PASID \(binding.pasid) is bound twice" }
    }
    return nil
  }
}
