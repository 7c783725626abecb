/// What is known of a base address register of a device, whose size no configuration space says.
public struct HostBAR: Sendable, Hashable {
  public let kind: ProfileBAR.Kind
  public let isPrefetchable: Bool
  /// The size, where somebody says it: the operator, or a Resizable BAR capability.
  public let size: UInt64?
  /// The size is at most this, because the address is a multiple of the size.
  public let sizeLimit: UInt64?
}
