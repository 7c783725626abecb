/// The lengths that a writer promises to keep to, so that a reader knows from the header what it
/// will need.
public struct StreamLimits: Sendable, Hashable {
  /// The chunk limits that the format allows: 64 KiB to 4 MiB.
  public static let chunkRange = 64 << 10...4 << 20

  /// The greatest metadata limit that the format allows: 4 MiB.
  public static let maximumMetadataByteCount: UInt32 = 4 << 20

  /// The greatest number of state bytes in a chunk.
  public var chunkByteCount: UInt32
  /// The greatest payload of any other record.
  public var metadataByteCount: UInt32
  /// The most state bytes that a reader holds for chunks that are coded against earlier ones; 0 if
  /// none is.
  public private(set) var windowByteCount: UInt64

  /// The windows that the format can declare are multiples of this.
  public static let windowUnit: UInt64 = 1 << 16

  /// Chunks of 1 MiB, metadata of 1 MiB.
  public static var standard: Self {
    Self(chunkByteCount: 1 << 20, metadataByteCount: 1 << 20)
  }

  /// Limits with a window that is rounded up to what the format can declare.
  /// What a sink keeps to that takes any chunk and any record.
  public static var unlimited: Self {
    Self(chunkByteCount: .max, metadataByteCount: .max)
  }

  /// Limits in bytes; without a window no chunk refers to another.
  public init(chunkByteCount: UInt32, metadataByteCount: UInt32, windowByteCount: UInt64 = 0) {
    self.chunkByteCount = chunkByteCount
    self.metadataByteCount = metadataByteCount
    let units = windowByteCount / Self.windowUnit + (windowByteCount % Self.windowUnit > 0 ? 1 : 0)
    self.windowByteCount = min(units, UInt64(UInt32.max)) * Self.windowUnit
  }
}
