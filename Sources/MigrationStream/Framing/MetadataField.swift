/// A field of a metadata record that this module does not know, kept so that a copy of the stream has it too.
public struct MetadataField: Sendable, Hashable {
  public let tag: UInt32
  public let bytes: [UInt8]

  public init(tag: UInt32, bytes: [UInt8]) {
    self.tag = tag
    self.bytes = bytes
  }
}
