/// A block of the machine's memory, and how its pages came.
public struct RAMBlock: Sendable, Hashable {
  public let name: String
  /// The bytes of the block in use.
  public let byteCount: UInt64
  /// The size of the host's pages, where post-copy was possible and it is not the usual one.
  public internal(set) var hostPageByteCount: UInt64?
  /// Where a block of mapped RAM lies in the file; nil for RAM that is sent, and for a shared block that was left out.
  public internal(set) var mapping: Mapping?
  public internal(set) var pages = Pages()

  /// The places of a block of mapped RAM (QEMU docs/devel/migration/mapped-ram.rst).
  public struct Mapping: Sendable, Hashable {
    public let pageByteCount: UInt64
    /// Where the bitmap of the pages begins that hold anything.
    public let bitmapOffset: UInt64
    /// Where the block's first page lies.
    public let pagesOffset: UInt64
  }

  /// Numbers of pages by the way in which they came; one that was sent again counts again.
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
  /// In the order of the stream.
  public internal(set) var blocks: [RAMBlock] = []
  /// How often the multifd channels were to come together.
  public internal(set) var multifdFlushCount: UInt64 = 0

  /// The bytes of all blocks.
  public var byteCount: UInt64 { blocks.reduce(0) { $0 &+ $1.byteCount } }
  /// The pages of all blocks.
  public var pages: RAMBlock.Pages { blocks.reduce(RAMBlock.Pages()) { $0 + $1.pages } }

  public init() {}

  /// Adds pages that came over another channel; those of a block that the stream does not have are left out.
  mutating func add(_ pages: RAMBlock.Pages, of name: String) {
    guard let index = blocks.firstIndex(where: { $0.name == name }) else { return }
    blocks[index].pages = blocks[index].pages + pages
  }
}
