public import YAMLReader

/// A base address register: what it decodes and how much.
public struct ProfileBAR: Sendable {
  /// What a base address register decodes.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    case io, mem32, mem64

    /// The bits that a guest cannot write: 0 for I/O, 0 to 3 for memory (PCI 3.0, 6.2.5.1).
    var typeMask: UInt32 { self == .io ? 0x3 : 0xf }
  }

  /// 0 to 5; `mem64` takes the next one too.
  public var index: Int
  /// The address space that the BAR asks for.
  public var kind: Kind
  /// Whether the guest sees the BAR marked as prefetchable.
  public var isPrefetchable: Bool
  /// A power of two.
  public var size: UInt64
  /// Whether the size is a guess, because no dump says it.
  public var isAssumed: Bool
  /// The place in the profile's text, for errors.
  public var mark: YAMLMark?

  /// A BAR of `size` bytes, which laying out checks.
  public init(
    index: Int, kind: Kind, isPrefetchable: Bool = false, size: UInt64, isAssumed: Bool = false,
    mark: YAMLMark? = nil
  ) {
    self.index = index
    self.kind = kind
    self.isPrefetchable = isPrefetchable
    self.size = size
    self.isAssumed = isAssumed
    self.mark = mark
  }

  /// The low bits that say what it is.
  var typeBits: UInt32 {
    switch kind {
    case .io: 0x1
    case .mem32: isPrefetchable ? 0x8 : 0
    case .mem64: isPrefetchable ? 0xc : 0x4
    }
  }
}
