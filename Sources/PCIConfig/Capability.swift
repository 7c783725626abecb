/// A capability found in a space: which one, where, and the bytes that belong to it.
public struct Capability: Sendable, Hashable {
  public let id: CapabilityID
  /// Where its header lies.
  public let offset: Int
  /// The number of bytes from its header on: what its own registers say, never past the end of the space.
  ///
  /// Where no table knows the structure, the bytes up to the next capability or to 16 zeros in a row.
  public let length: Int
  /// Whether `length` comes from the structure's definition.
  public let isLengthKnown: Bool
  /// The version of an extended capability's header, or of the register of Power Management and PCI Express; other
  /// standard capabilities have none.
  public let version: Int?
  /// Where its header points to; 0 ends the list.
  public let next: Int

  public var isExtended: Bool { id.isExtended }
  /// The bytes that belong to it.
  public var range: Range<Int> { offset..<offset &+ length }
}
