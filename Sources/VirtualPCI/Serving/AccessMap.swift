/// Who serves which bytes of the space that a guest sees: what a VMM needs besides the bytes
/// themselves.
///
/// The ranges are in ascending order, do not overlap and cover every byte.
public struct AccessMap: Sendable, Hashable {
  /// The way in which a range is served.
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

  /// Neighbouring bytes that are served alike. Masks and values are hexadecimal, one byte after the
  /// other.
  public struct Range: Sendable, Hashable {
    /// The first byte in the guest's space.
    public let offset: Int
    /// The number of bytes.
    public let length: Int
    /// The way in which the range is served.
    public let kind: Kind
    /// The capability, `header` or `free`.
    public let owner: String
    /// The register, if the range is one.
    public let name: String?
    /// What a guest reads after a reset.
    public let reset: String
    /// The bits that a guest's write changes; absent if there are none.
    public let write: String?
    /// The bits that a 1 clears; absent if there are none.
    public let clear: String?
    /// The bits that read as 0 and ask for something when written 1; absent if there are none.
    public let trigger: String?
    /// The device's bytes behind the range, if there are any.
    public let physical: Physical?
  }

  /// The profile's name.
  public let profile: String
  /// The SHA-256 of the profile's layout, in hexadecimal.
  public let digest: String
  /// The size of the space: 256 or 4096 bytes.
  public let byteCount: Int
  /// Every byte of the space once, in ascending order.
  public let ranges: [Range]
  /// The BARs that the guest sees.
  public let bars: [BAR]
  /// The MSI-X structures, if the guest sees the capability.
  public let msix: MSIX?

  /// A BAR as the guest sees it.
  public struct BAR: Sendable, Hashable {
    /// The number of the BAR's first register, 0 to 5.
    public let index: Int
    /// The address space that the BAR asks for.
    public let kind: ProfileBAR.Kind
    /// Whether the guest sees it marked as prefetchable.
    public let prefetchable: Bool
    /// The size in bytes, a power of two.
    public let size: UInt64
    /// Whether the size is a guess, because no dump says it.
    public let assumed: Bool
  }

  /// The MSI-X structures, which the VMM serves where the guest sees them.
  public struct MSIX: Sendable, Hashable {
    /// A place inside a BAR.
    public struct Place: Sendable, Hashable {
      /// The number of the BAR's first register.
      public let bar: Int
      /// The first byte within the BAR.
      public let offset: UInt64
    }
    /// The number of vectors that the guest sees.
    public let vectors: Int
    /// The guest's place of the table.
    public let table: Place
    /// The guest's place of the pending bits.
    public let pba: Place
    /// Where the device has its own; absent without a device.
    public let physicalTable: Place?
    /// The device's place of the pending bits, if it is another.
    public let physicalPBA: Place?
    /// Whether the device has them elsewhere, so that the VMM must trap the guest's place and map
    /// around the device's.
    public let relocate: Bool?
  }
}
