import ByteIO

/// An image on its way out, behind the header of its record: its bytes are made as they are read.
struct MLX5ImageWriter {
  private let memory: GeneratedMemory
  private let blocks: Blocks
  private var nextBlock = 0
  private var head: [UInt8]
  private var words = [UInt64](repeating: 0, count: GeneratedMemory.blockByteCount / 8)
  private var bodyByteCount = 0
  private var position = 0
  /// The bytes not read yet.
  private(set) var left: UInt64

  /// Which blocks go out.
  enum Blocks {
    case range(Range<Int>)
    case list([Int])

    var count: Int {
      switch self {
      case .range(let range): range.count
      case .list(let list): list.count
      }
    }

    subscript(index: Int) -> Int {
      switch self {
      case .range(let range): range.lowerBound + index
      case .list(let list): list[index]
      }
    }
  }

  /// The bytes of an image of `blocks`.
  static func byteCount(_ blocks: Blocks, of memory: GeneratedMemory) -> UInt64 {
    var count = UInt64(MLX5Image.headerByteCount)
    count += UInt64(blocks.count) * UInt64(GeneratedMemory.blockHeaderByteCount)
    count += UInt64(blocks.count) * UInt64(GeneratedMemory.blockByteCount)
    // The last block of a context may be short.
    let last = memory.blockCount - 1
    let isThere =
      switch blocks {
      case .range(let range): range.contains(last)
      case .list(let list): list.contains(last)
      }
    return isThere
      ? count - UInt64(GeneratedMemory.blockByteCount - memory.byteCount(ofBlock: last)) : count
  }

  init(_ prefix: [UInt8], _ image: MLX5Image, _ blocks: Blocks, of memory: GeneratedMemory) {
    self.memory = memory
    self.blocks = blocks
    head = prefix + image.header
    left = UInt64(prefix.count) + Self.byteCount(blocks, of: memory)
  }

  /// Fills `span` from `offset` on; how many bytes.
  mutating func read(into span: inout MutableRawSpan, at offset: Int) -> Int {
    var filled = offset
    while filled < span.byteCount, left > 0 {
      if position == head.count + bodyByteCount { begin() }
      let room = span.byteCount - filled
      let part: Int
      if position < head.count {
        part = min(room, head.count - position)
        span.copy(head.span.raw.extracting(position..<position + part), at: filled)
      } else {
        let start = position - head.count
        part = min(room, bodyByteCount - start)
        // SAFETY: an integer has no padding.
        unsafe span.copy(words.span.bytes.extracting(start..<start + part), at: filled)
      }
      position += part
      filled += part
      left -= UInt64(part)
    }
    return filled - offset
  }

  private mutating func begin() {
    let block = blocks[nextBlock]
    nextBlock += 1
    head = memory.blockHeader(of: block)
    bodyByteCount = memory.byteCount(ofBlock: block)
    position = 0
    GeneratedMemory.fill(
      &words, seed: memory.seed, block: block, generation: memory.generations[block])
  }
}
