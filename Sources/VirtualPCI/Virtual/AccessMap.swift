/// Who serves which bytes of the space that a guest sees: what a VMM needs besides the bytes themselves.
///
/// The ranges are in ascending order, do not overlap and cover every byte.
public struct AccessMap: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable {
    /// Every bit reads as it is.
    case constant
    /// Some bits are the VMM's to keep.
    case emulated
    /// Some bits are the device's.
    case physical
  }

  /// Where a device has the register of a range.
  public struct Physical: Sendable, Hashable {
    /// The same on every device: `express+0x08`, `0x04`.
    public let register: String
    /// On the device that the map was made for; absent without one.
    public let offset: Int?
    /// The bits that a guest reads from the device, byte by byte in hexadecimal.
    public let mask: String
    /// The bits that a guest's write passes to the device.
    public let write: String
  }

  /// Neighbouring bytes that are served alike. Masks and values are hexadecimal, one byte after the other.
  public struct Range: Sendable, Hashable {
    public let offset: Int
    public let length: Int
    public let kind: Kind
    /// The capability, `header` or `free`.
    public let owner: String
    /// The register, where the range is one.
    public let name: String?
    /// What a guest reads after a reset.
    public let reset: String
    /// The bits that a guest's write changes; absent where there are none.
    public let write: String?
    /// The bits that a 1 clears; absent where there are none.
    public let clear: String?
    /// The bits that read as 0 and ask for something when written 1; absent where there are none.
    public let trigger: String?
    public let physical: Physical?
  }

  public let profile: String
  public let digest: String
  public let byteCount: Int
  public let ranges: [Range]
  public let bars: [BAR]
  public let msix: MSIX?

  public struct BAR: Sendable, Hashable {
    public let index: Int
    public let kind: ProfileBAR.Kind
    public let prefetchable: Bool
    public let size: UInt64
    /// Whether the size is a guess, because no dump says it.
    public let assumed: Bool
  }

  /// The MSI-X structures, which the VMM serves where the guest sees them.
  public struct MSIX: Sendable, Hashable {
    public struct Place: Sendable, Hashable {
      public let bar: Int
      public let offset: UInt64
    }
    public let vectors: Int
    public let table: Place
    public let pba: Place
    /// Where the device has its own; absent without a device.
    public let physicalTable: Place?
    public let physicalPBA: Place?
    /// Whether the device has them elsewhere, so that the VMM must trap the guest's place and map around the device's.
    public let relocate: Bool?
  }
}
