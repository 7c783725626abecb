import ByteIO

/// Something in a space that no sound device would show, and where.
public struct ConfigSpaceFinding: Error, Sendable, Hashable {
  /// What was found.
  public enum Code: String, Sendable, Hashable {
    /// Every byte is ff: the function did not answer.
    case allOnes
    /// The header's layout is none of 0, 1 and 2.
    case unknownHeaderType
    /// A list's pointer leads to a capability that was already visited.
    case loop
    /// A standard pointer leads below 0x40, or an extended one below 0x100.
    case pointerIntoHeader
    /// Status says that there is a list, but the pointer to it is 0.
    case missingList
    /// A pointer leads outside the space.
    case pointerOutOfRange
    /// A list, or a capability of it, continues in bytes that the dump does not hold.
    case unknownBytes
    /// A capability's header is all ones.
    case onesInsteadOfCapability
    /// A capability is longer than the space from its offset on.
    case lengthPastEnd
    /// Two capabilities claim the same bytes.
    case overlap
    /// Whoever gave the space out leaves the capability out of it, as the kernel does for VFIO.
    case hiddenCapability
    /// There are extended capabilities but no PCI Express capability (PCIe 7.6.1).
    case extendedWithoutPCIExpress
  }

  /// The kind of the contradiction.
  public let code: Code
  /// The byte that holds the offending pointer, or the capability's first.
  public let offset: Int
  /// The contradiction in words: what was expected and what was found.
  public let message: String

  /// A finding at byte `offset` of the space.
  public init(_ code: Code, at offset: Int, _ message: String) {
    self.code = code
    self.offset = offset
    self.message = message
  }
}

extension ConfigSpaceFinding {
  /// Whether the dump lacks bytes, rather than the function being at fault.
  public var isGap: Bool { code == .unknownBytes }
}

extension ConfigSpaceFinding: CustomStringConvertible {
  public var description: String { "0x\(hex(offset, digits: 2)): \(message)" }
}
