/// The lengths that a writer promises to keep to, so that a reader knows from the header what it will need.
public struct StreamLimits: Sendable, Hashable {
  /// The chunk limits that the format allows: 64 KiB to 4 MiB.
  public static let chunkRange = 64 << 10...4 << 20

  /// The greatest metadata limit that the format allows: 4 MiB.
  public static let maximumMetadataByteCount: UInt32 = 4 << 20

  /// The greatest number of state bytes in a chunk.
  public var chunkByteCount: UInt32
  /// The greatest payload of any other record.
  public var metadataByteCount: UInt32

  /// Chunks of 1 MiB, metadata of 1 MiB.
  public static var standard: Self {
    Self(chunkByteCount: 1 << 20, metadataByteCount: 1 << 20)
  }

  public init(chunkByteCount: UInt32, metadataByteCount: UInt32) {
    self.chunkByteCount = chunkByteCount
    self.metadataByteCount = metadataByteCount
  }
}
