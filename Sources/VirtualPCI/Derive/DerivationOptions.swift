/// What an operator decides about a profile that is derived.
public struct DerivationOptions: Sendable {
  public enum PASID: Sendable, Hashable {
    /// The width that every device has; no capability if one has none.
    case auto
    case none
    /// This width, whether or not the dumps show the capability: the kernel hides it from VFIO.
    case width(Int)
  }

  /// The profile's name; the first device's ids otherwise.
  public var name: String?
  public var pasid = PASID.auto
  /// Ids instead of the first device's.
  public var ids: (vendor: UInt16, device: UInt16)?
  public var subsystem: (vendor: UInt16, device: UInt16)?
  /// The sizes of BARs, by index.
  public var barSizes: [Int: UInt64] = [:]
  /// The device serial number; without one the capability is dropped.
  public var serialNumber: UInt64?
  /// Capabilities to keep though the rules drop them: `vsec`, `vsec:0002`, `dvsec:8086:0003`, `0x2e`.
  public var kept: Set<String> = []

  public init() {}
}
