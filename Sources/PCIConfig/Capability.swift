/// A capability found in a space: which one, where, and the bytes that belong to it.
public struct Capability: Sendable, Hashable {
  /// Its number in the standard or the extended list.
  public let id: CapabilityID
  /// Where its header lies.
  public let offset: Int
  /// The number of bytes from its header on: what its own registers say, never past the end of the
  /// space.
  ///
  /// If no table knows the structure, the bytes up to the next capability or to 16 zeros in a
  /// row.
  public let length: Int
  /// Whether `length` comes from the structure's definition.
  public let isLengthKnown: Bool
  /// The version of an extended capability's header, or of the register of Power Management and PCI
  /// Express; other standard capabilities have none.
  public let version: Int?
  /// Where its header points to; 0 ends the list.
  public let next: Int

  /// Whether it is in the extended list, from 0x100 on.
  public var isExtended: Bool { id.isExtended }
  /// The bytes that belong to it.
  public var range: Range<Int> { offset..<offset &+ length }
}

/// The capabilities of a space in the order of its lists, and what was wrong with the lists.
public struct CapabilityList: Sendable, Hashable {
  /// Standard capabilities, then extended ones, each in the order of its list.
  public let capabilities: [Capability]
  /// Why a walk stopped early, and other contradictions, in the order of discovery.
  public let findings: [ConfigSpaceFinding]

  /// The first capability with this id.
  public func first(_ id: CapabilityID) -> Capability? {
    capabilities.first { $0.id == id }
  }

  /// Every capability with this id, in the order of the list.
  public func all(_ id: CapabilityID) -> [Capability] {
    capabilities.filter { $0.id == id }
  }
}
