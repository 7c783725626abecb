import ByteIO

/// Passes over the machine's memory, counting: entry by entry, because nothing tells how long a RAM section is.
struct RAMReader {
  /// What the reader needs to go on.
  private enum Step {
    /// So many bytes at hand.
    case bytes(Int)
    /// The blocks of so many bytes, which follow.
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
    from window: inout SourceWindow<Source>
  ) throws(QEMUReadError<Source.Failure>) {
    var needed = 8
    while true {
      try window.require(needed, "RAM")
      var position = 0
      let step: Step
      do throws(QEMUStreamError) {
        step = try scan(window.bytes, at: window.offset, &position)
      } catch {
        throw .stream(error)
      }
      window.advance(position)
      switch step {
      case .bytes(let count): needed = count
      case .blocks(let total):
        try readBlocks(total, from: &window)
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
    let pageByteCount = 1 << configuration.pageBits
    let flagBits = UInt64(pageByteCount) &- 1
    while true {
      let left = bytes.byteCount &- position
      guard left >= 8 else { return .bytes(8) }
      let head = bytes.big(UInt64.self, at: position)
      let flags = RAMFlags(rawValue: head & flagBits)
      if flags.isDisjoint(with: [.page, .zero, .xbzrle, .compressed]) {
        switch flags {
        case .endOfSection:
          position &+= 8
          return .nothing
        case .multifdFlush:
          position &+= 8
          summary.multifdFlushCount &+= 1
          continue
        case .memorySize:
          position &+= 8
          return .blocks(head & ~flagBits)
        default: throw unknown(flags, at: offset &+ UInt64(position))
        }
      }
      var headByteCount = 8
      if !flags.contains(.sameBlock) {
        guard left >= 9 else { return .bytes(9) }
        headByteCount = 9 &+ Int(bytes[byte: position &+ 8])
        guard left >= headByteCount else { return .bytes(headByteCount) }
        let name = String(
          decoding: [UInt8](
            bytes.extracting(position &+ 9..<position &+ headByteCount)), as: UTF8.self)
        current = indexByName[name]
        guard current != nil else {
          throw QEMUStreamError(
            .malformed, at: offset &+ UInt64(position) &+ 8,
            expected: "the name of a block of RAM", found: "'\(name)'")
        }
      }
      guard let current else {
        throw QEMUStreamError(
          .malformed, at: offset &+ UInt64(position),
          expected: "the name of a block before its pages", found: "a page without one")
      }
      let address = head & ~flagBits
      let size = summary.blocks[current].byteCount
      guard address < size, size &- address >= UInt64(pageByteCount) else {
        throw QEMUStreamError(
          .malformed, at: offset &+ UInt64(position),
          expected: "a page within the \(size) bytes of '\(summary.blocks[current].name)'",
          found: "one at 0x\(hex(address))")
      }
      let bodyByteCount: Int
      switch flags.subtracting(.sameBlock) {
      case .page: bodyByteCount = pageByteCount
      case .zero: bodyByteCount = 1
      case .xbzrle:
        guard left >= headByteCount &+ 3 else { return .bytes(headByteCount + 3) }
        let encoding = bytes[byte: position &+ headByteCount]
        let count = bytes.big(UInt16.self, at: position &+ headByteCount &+ 1)
        guard encoding == 1, Int(count) <= pageByteCount else {
          throw QEMUStreamError(
            .malformed, at: offset &+ UInt64(position &+ headByteCount),
            expected: "XBZRLE (1) of at most \(pageByteCount) bytes",
            found: "encoding \(encoding) of \(count)")
        }
        bodyByteCount = 3 &+ Int(count)
      case .compressed:
        guard left >= headByteCount &+ 4 else { return .bytes(headByteCount + 4) }
        let count = bytes.big(UInt32.self, at: position &+ headByteCount)
        // What zlib needs at most for a page is a little more than the page.
        guard count <= 2 * pageByteCount else {
          throw QEMUStreamError(
            .malformed, at: offset &+ UInt64(position &+ headByteCount),
            expected: "a compressed page of at most \(2 * pageByteCount) bytes", found: "\(count)")
        }
        bodyByteCount = 4 &+ Int(count)
      default: throw unknown(flags, at: offset &+ UInt64(position))
      }
      guard left >= headByteCount &+ bodyByteCount else {
        return .bytes(headByteCount + bodyByteCount)
      }
      position &+= headByteCount &+ bodyByteCount
      count(flags, in: current)
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
    _ total: UInt64, from window: inout SourceWindow<Source>
  ) throws(QEMUReadError<Source.Failure>) {
    var left = total
    summary.blocks = []
    indexByName = [:]
    current = nil
    while left > 0 {
      let offset = window.offset
      let name = try window.name("a block's name")
      let byteCount = try window.big(UInt64.self, "the size of '\(name)'")
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
      if mayPostcopy { block.hostPageByteCount = try Self.hostPage(from: &window) }
      if configuration.ignoresShared {
        _ = try window.big(UInt64.self, "the address of '\(name)'")
      }
      if configuration.mapsRAM { try Self.readMapping(of: &block, from: &window) }
      indexByName[name] = summary.blocks.count
      summary.blocks.append(block)
    }
  }

  /// The size of the host's pages, which stands there only where it is not the usual one: it is told from what may
  /// follow instead, the length of a name (not 0) or an entry with its flags (low bits).
  private static func hostPage<Source: ByteSource & ~Copyable>(
    from window: inout SourceWindow<Source>
  ) throws(QEMUReadError<Source.Failure>) -> UInt64? {
    guard try window.look(8) >= 8 else { return nil }
    let value = window.bytes.big(UInt64.self, at: 0)
    guard value.nonzeroBitCount == 1, value >= 4096, value < 1 << 40 else { return nil }
    window.advance(8)
    return value
  }
}
