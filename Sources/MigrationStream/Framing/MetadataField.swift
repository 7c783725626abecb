/// A field of a metadata record that this module does not know, kept so that a copy of the stream has it too.
public struct MetadataField: Sendable, Hashable {
  /// The number that says which field it is.
  public let tag: UInt32
  /// The field's value as it came.
  public let bytes: [UInt8]

  /// A field that is kept without being understood.
  public init(tag: UInt32, bytes: [UInt8]) {
    self.tag = tag
    self.bytes = bytes
  }
}
