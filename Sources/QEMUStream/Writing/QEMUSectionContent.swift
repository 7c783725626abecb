public import ByteIO

/// The content of a section under construction: entries of RAM, or records of a VFIO device.
public struct QEMUSectionContent: Sendable {
  /// The bytes appended so far; for content that this type has no function for.
  public var writer = ByteWriter()

  /// No content yet.
  public init() {}

  // MARK: RAM

  /// The blocks of RAM, which stand in front of all pages.
  public mutating func blocks(_ blocks: [(name: String, byteCount: UInt64)]) {
    total(blocks.reduce(0) { $0 + $1.byteCount })
    for block in blocks {
      name(block.name)
      writer.big(block.byteCount)
    }
  }

  /// The size of all RAM; the blocks follow.
  public mutating func total(_ byteCount: UInt64) { entry(byteCount, .memorySize) }

  /// A page as it is, of `block` or of the block of the page before.
  public mutating func page(_ bytes: [UInt8], at address: UInt64, of block: String? = nil) {
    entry(address, .page, of: block)
    writer.append(bytes)
  }

  /// A page that `byte` fills.
  public mutating func filledPage(_ byte: UInt8 = 0, at address: UInt64, of block: String? = nil) {
    entry(address, .zero, of: block)
    writer.little(byte)
  }

  /// The changes of a page (XBZRLE).
  public mutating func delta(_ bytes: [UInt8], at address: UInt64, of block: String? = nil) {
    entry(address, .xbzrle, of: block)
    writer.little(1 as UInt8)
    writer.big(UInt16(bytes.count))
    writer.append(bytes)
  }

  /// A page in compressed form.
  public mutating func compressedPage(
    _ bytes: [UInt8], at address: UInt64, of block: String? = nil
  ) {
    entry(address, .compressed, of: block)
    writer.big(UInt32(bytes.count))
    writer.append(bytes)
  }

  /// A point where the multifd channels come together.
  public mutating func multifdFlush() { entry(0, .multifdFlush) }

  /// The end of a section of RAM.
  public mutating func endOfRAM() { entry(0, .endOfSection) }

  private mutating func entry(_ address: UInt64, _ flags: RAMFlags, of block: String?) {
    entry(address, block == nil ? flags.union(.sameBlock) : flags)
    if let block { name(block) }
  }

  private mutating func entry(_ address: UInt64, _ flags: RAMFlags) {
    writer.big(address | flags.rawValue)
  }

  /// A text behind its length, of at most 255 bytes.
  public mutating func name(_ text: String) {
    let bytes = Array(text.utf8.prefix(255))
    writer.little(UInt8(bytes.count))
    writer.append(bytes)
  }

  // MARK: VFIO

  /// A record that is its tag.
  public mutating func record(_ kind: VFIORecord.Kind) { writer.big(kind.tag) }

  /// A record of state.
  public mutating func data(_ bytes: [UInt8]) {
    record(.data)
    writer.big(UInt64(bytes.count))
    writer.append(bytes)
  }

  /// A configuration record, without the tag that ends it.
  public mutating func configuration(_ configuration: VFIOConfiguration) {
    record(.configuration)
    configuration.encode(into: &writer)
  }
}
