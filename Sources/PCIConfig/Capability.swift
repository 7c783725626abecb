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
  /// Why the standard list was not walked to its end; nil if it was.
  public let standardStop: ConfigSpaceFinding?
  /// Why the extended list was not walked to its end; nil if it was, or if the function has none.
  public let extendedStop: ConfigSpaceFinding?

  /// The first capability with this id.
  public func first(_ id: CapabilityID) -> Capability? {
    capabilities.first { $0.id == id }
  }

  /// Every capability with this id, in the order of the list.
  public func all(_ id: CapabilityID) -> [Capability] {
    capabilities.filter { $0.id == id }
  }
}

extension CapabilityList {
  /// What a space says of a capability.
  public enum Presence: Sendable, Hashable {
    /// It is there.
    case present(Capability)
    /// The whole list was seen, and it is not there.
    case absent
    /// The list could not be followed to its end, for this reason.
    case unknown(ConfigSpaceFinding)
  }

  /// Whether the capability number `instance` with this id is there.
  public func presence(of id: CapabilityID, instance: Int = 0) -> Presence {
    let found = all(id)
    if found.indices.contains(instance) { return .present(found[instance]) }
    return (id.isExtended ? extendedStop : standardStop).map { .unknown($0) } ?? .absent
  }

  /// Why either list was not walked to its end, each reason once; empty if both were.
  public var stops: [ConfigSpaceFinding] {
    var stops = [standardStop, extendedStop].compactMap { $0 }
    if stops.count == 2, stops[0] == stops[1] { stops.removeLast() }
    return stops
  }
}
