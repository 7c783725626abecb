/// A block of the machine's memory, with its pages counted.
public struct RAMBlock: Sendable, Hashable {
  /// The name that QEMU gives it, such as `pc.ram`.
  public let name: String
  /// The bytes of the block in use.
  public let byteCount: UInt64
  /// The size of the host's pages, if post-copy was possible and it is not the usual one.
  public internal(set) var hostPageByteCount: UInt64?
  /// The place in the file of a block of mapped RAM; nil for one that is sent, or left out because
  /// it is shared.
  public internal(set) var mapping: Mapping?
  /// Its pages, counted by the form in which they came.
  public internal(set) var pages = Pages()

  /// The places of a block of mapped RAM (QEMU docs/devel/migration/mapped-ram.rst).
  public struct Mapping: Sendable, Hashable {
    /// The bytes of a page.
    public let pageByteCount: UInt64
    /// The offset of the bitmap of the pages that hold anything.
    public let bitmapOffset: UInt64
    /// The offset of the block's first page.
    public let pagesOffset: UInt64
  }

  /// Numbers of pages by the form in which they came; a page that was sent again counts again.
  public struct Pages: Sendable, Hashable {
    /// Whole pages.
    public internal(set) var normal: UInt64 = 0
    /// Pages that one byte fills.
    public internal(set) var zero: UInt64 = 0
    /// Changes against the page sent before (XBZRLE).
    public internal(set) var delta: UInt64 = 0
    /// Pages compressed one by one.
    public internal(set) var compressed: UInt64 = 0

    static func + (a: Pages, b: Pages) -> Pages {
      Pages(
        normal: a.normal &+ b.normal, zero: a.zero &+ b.zero, delta: a.delta &+ b.delta,
        compressed: a.compressed &+ b.compressed)
    }
  }
}

/// The machine's memory, as far as it was read.
public struct RAMSummary: Sendable, Hashable {
  /// The blocks, in the order of the stream.
  public internal(set) var blocks: [RAMBlock] = []
  /// The number of points where the multifd channels come together.
  public internal(set) var multifdFlushCount: UInt64 = 0

  /// The bytes of all blocks.
  public var byteCount: UInt64 { blocks.reduce(0) { $0 &+ $1.byteCount } }
  /// The pages of all blocks.
  public var pages: RAMBlock.Pages { blocks.reduce(RAMBlock.Pages()) { $0 + $1.pages } }

  /// No memory.
  public init() {}

  /// Adds pages of another channel, unless the stream does not have their block.
  mutating func add(_ pages: RAMBlock.Pages, of name: String) {
    guard let index = blocks.firstIndex(where: { $0.name == name }) else { return }
    blocks[index].pages = blocks[index].pages + pages
  }
}
