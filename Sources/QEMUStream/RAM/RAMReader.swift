import ByteIO

/// Passes over the machine's memory and counts it, entry by entry, because nothing tells the length
/// of a RAM section.
struct RAMReader {
  /// The next need of the reader.
  private enum Step {
    /// This many bytes at hand.
    case bytes(Int)
    /// To read the blocks that follow, which have this many bytes in all.
    case blocks(UInt64)
    /// Nothing: the section ended.
    case nothing
  }

  // More blocks than any machine has.
  private static var mostBlocks: Int { 4096 }

  private(set) var summary = RAMSummary()
  private var indexByName: [String: Int] = [:]
  /// The block of the page before.
  private var current: Int?
  var configuration = QEMUConfiguration(machine: "")
  /// Whether the source asked the destination to be ready for post-copy.
  var mayPostcopy = false

  /// Reads a section's content to its end.
  mutating func read<Source: ByteSource & ~Copyable>(
    from input: inout LookaheadBuffer<Source>
  ) throws(QEMUReadError<Source.Failure>) {
    var needed = 8
    while true {
      try input.require(needed, "RAM")
      var position = 0
      let step: Step
      do throws(QEMUStreamError) {
        step = try scan(input.bytes, at: input.offset, &position)
      } catch {
        throw .stream(error)
      }
      input.advance(position)
      switch step {
      case .bytes(let count): needed = count
      case .blocks(let total):
        try readBlocks(total, from: &input)
        needed = 8
      case .nothing: return
      }
    }
  }

  // MARK: Pages

  // Not generic, and without a call for each page: this loop sees every page of a machine.
  private mutating func scan(
    _ bytes: RawSpan, at offset: UInt64, _ position: inout Int
  ) throws(QEMUStreamError) -> Step {
    let flagBits = UInt64(1 << configuration.pageBits) &- 1
    while bytes.byteCount &- position >= 8 {
      let head = bytes.big(UInt64.self, at: position)
      let flags = RAMFlags(rawValue: head & flagBits)
      guard flags.isDisjoint(with: .anyPage) else {
        let needed = try scanPage(flags, at: head & ~flagBits, bytes, at: offset, &position)
        if needed > 0 { return .bytes(needed) }
        continue
      }
      position &+= 8
      switch flags {
      case .multifdFlush: summary.multifdFlushCount &+= 1
      case .endOfSection: return .nothing
      case .memorySize: return .blocks(head & ~flagBits)
      default: throw unknown(flags, at: offset &+ UInt64(position) &- 8)
      }
    }
    return .bytes(8)
  }

  /// Passes over a page; if too few bytes are at hand, gives the number that it takes and stays.
  @inline(__always)
  private mutating func scanPage(
    _ flags: RAMFlags, at address: UInt64, _ bytes: RawSpan, at offset: UInt64,
    _ position: inout Int
  ) throws(QEMUStreamError) -> Int {
    let left = bytes.byteCount &- position
    let entryOffset = offset &+ UInt64(position)
    var headByteCount = 8
    if !flags.contains(.sameBlock) {
      guard left >= 9 else { return 9 }
      headByteCount = 9 &+ Int(bytes[byte: position &+ 8])
      guard left >= headByteCount else { return headByteCount }
      try selectBlock(
        bytes.extracting(position &+ 9..<position &+ headByteCount), at: entryOffset &+ 8)
    }
    guard let current else {
      throw QEMUStreamError(
        .malformed, at: entryOffset, expected: "the name of a block before its pages",
        found: "a page without one")
    }
    let size = summary.blocks[current].byteCount
    guard address < size, size &- address >= 1 << UInt64(configuration.pageBits) else {
      throw QEMUStreamError(
        .malformed, at: entryOffset,
        expected: "a page within the \(size) bytes of '\(summary.blocks[current].name)'",
        found: "one at 0x\(hex(address))")
    }
    headByteCount &+= flags.sizeByteCount
    guard left >= headByteCount else { return headByteCount }
    let bodyByteCount = try bodyByteCount(
      flags, bytes, before: position &+ headByteCount, entryAt: entryOffset, at: offset)
    guard left >= headByteCount &+ bodyByteCount else { return headByteCount &+ bodyByteCount }
    position &+= headByteCount &+ bodyByteCount
    count(flags, in: current)
    return 0
  }

  private mutating func selectBlock(
    _ bytes: RawSpan, at offset: UInt64
  ) throws(QEMUStreamError) {
    let name = String(decoding: [UInt8](bytes), as: UTF8.self)
    current = indexByName[name]
    guard current != nil else {
      throw QEMUStreamError(
        .malformed, at: offset, expected: "the name of a block of RAM", found: "'\(name)'")
    }
  }

  /// The bytes of a page from `position` on, in front of which its size stands if it has one.
  @inline(__always)
  private func bodyByteCount(
    _ flags: RAMFlags, _ bytes: RawSpan, before position: Int, entryAt entryOffset: UInt64,
    at offset: UInt64
  ) throws(QEMUStreamError) -> Int {
    let pageByteCount = 1 << configuration.pageBits
    switch flags.subtracting(.sameBlock) {
    case .page: return pageByteCount
    case .zero: return 1
    case .xbzrle:
      let encoding = bytes[byte: position &- 3]
      let count = bytes.big(UInt16.self, at: position &- 2)
      guard encoding == 1, Int(count) <= pageByteCount else {
        throw QEMUStreamError(
          .malformed, at: offset &+ UInt64(position &- 3),
          expected: "XBZRLE (1) of at most \(pageByteCount) bytes",
          found: "encoding \(encoding) of \(count)")
      }
      return Int(count)
    case .compressed:
      let count = bytes.big(UInt32.self, at: position &- 4)
      // zlib needs at most a little more than the page.
      guard count <= 2 * pageByteCount else {
        throw QEMUStreamError(
          .malformed, at: offset &+ UInt64(position &- 4),
          expected: "a compressed page of at most \(2 * pageByteCount) bytes", found: "\(count)")
      }
      return Int(count)
    default: throw unknown(flags, at: entryOffset)
    }
  }

  @inline(__always)
  private mutating func count(_ flags: RAMFlags, in block: Int) {
    if flags.contains(.page) {
      summary.blocks[block].pages.normal &+= 1
    } else if flags.contains(.zero) {
      summary.blocks[block].pages.zero &+= 1
    } else if flags.contains(.xbzrle) {
      summary.blocks[block].pages.delta &+= 1
    } else {
      summary.blocks[block].pages.compressed &+= 1
    }
  }

  private func unknown(_ flags: RAMFlags, at offset: UInt64) -> QEMUStreamError {
    if flags.contains(.hook) {
      return QEMUStreamError(
        .unsupported, at: offset, expected: "RAM in the stream", found: "RAM sent by RDMA")
    }
    return QEMUStreamError(
      .malformed, at: offset, expected: "one kind of page or the end of the section",
      found: "flags 0x\(hex(flags.rawValue))")
  }

  // MARK: Blocks

  private mutating func readBlocks<Source: ByteSource & ~Copyable>(
    _ total: UInt64, from input: inout LookaheadBuffer<Source>
  ) throws(QEMUReadError<Source.Failure>) {
    var left = total
    summary.blocks = []
    indexByName = [:]
    current = nil
    while left > 0 {
      let offset = input.offset
      let name = try input.name("a block's name")
      let byteCount = try input.big(UInt64.self, "the size of '\(name)'")
      guard byteCount > 0, byteCount <= left, !name.isEmpty, indexByName[name] == nil,
        summary.blocks.count < Self.mostBlocks
      else {
        throw .stream(
          QEMUStreamError(
            .malformed, at: offset,
            expected: "a new block of the \(left) bytes of RAM that are left, the "
              + "\(summary.blocks.count + 1)th of at most \(Self.mostBlocks)",
            found: "'\(name)' of \(byteCount)"))
      }
      left -= byteCount
      var block = RAMBlock(name: name, byteCount: byteCount)
      if mayPostcopy { block.hostPageByteCount = try Self.hostPage(from: &input) }
      if configuration.ignoresShared {
        _ = try input.big(UInt64.self, "the address of '\(name)'")
      }
      if configuration.mapsRAM { try Self.readMapping(of: &block, from: &input) }
      indexByName[name] = summary.blocks.count
      summary.blocks.append(block)
    }
  }

  /// The size of the host's pages, which is left out if it is the usual one.
  ///
  /// It differs from both parts that may follow instead: the length of a name is not 0, and an
  /// entry has flags in its low bits.
  private static func hostPage<Source: ByteSource & ~Copyable>(
    from input: inout LookaheadBuffer<Source>
  ) throws(QEMUReadError<Source.Failure>) -> UInt64? {
    guard try input.ensure(8) >= 8 else { return nil }
    let value = input.bytes.big(UInt64.self, at: 0)
    guard value.nonzeroBitCount == 1, value >= 4096, value < 1 << 40 else { return nil }
    input.advance(8)
    return value
  }
}

/// The low bits of the address that begins an entry of a RAM section (QEMU migration/ram.c,
/// `RAM_SAVE_FLAG_…`).
struct RAMFlags: OptionSet {
  let rawValue: UInt64

  static var zero: Self { Self(rawValue: 0x02) }
  static var memorySize: Self { Self(rawValue: 0x04) }
  static var page: Self { Self(rawValue: 0x08) }
  static var endOfSection: Self { Self(rawValue: 0x10) }
  /// The page is of the block of the page before, and the block's name is left out.
  static var sameBlock: Self { Self(rawValue: 0x20) }
  static var xbzrle: Self { Self(rawValue: 0x40) }
  static var hook: Self { Self(rawValue: 0x80) }
  static var compressed: Self { Self(rawValue: 0x100) }
  static var multifdFlush: Self { Self(rawValue: 0x200) }

  /// The flags of entries that are pages.
  static var anyPage: Self { [.page, .zero, .xbzrle, .compressed] }

  /// The bytes in front of a page that tell its size.
  var sizeByteCount: Int { contains(.xbzrle) ? 3 : contains(.compressed) ? 4 : 0 }
}
