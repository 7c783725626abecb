import ByteIO
import Devices

/// The resuming side of a synthetic device, which takes blocks in pieces of any size and checks
/// every byte.
struct SyntheticLoader {
  private(set) var memory: GeneratedMemory
  private var isThere: [Bool]
  private var head: [UInt8] = []
  private var hasHeader = false
  // The block under way.
  private var words = [UInt64](repeating: 0, count: GeneratedMemory.blockByteCount / 8)
  private var bodyByteCount = 0
  private var position = 0

  /// A loader for a device of `byteCount`.
  init(byteCount: UInt64) {
    memory = GeneratedMemory(byteCount: byteCount, seed: 0)
    isThere = [Bool](repeating: false, count: memory.blockCount)
  }

  /// Whether every block came, and none in part.
  var isComplete: Bool {
    hasHeader && head.isEmpty && position == bodyByteCount && isThere.allSatisfy { $0 }
  }

  /// Takes bytes from the front of `bytes` and returns how many are good. Throws EINVAL for a
  /// header of another device, and EIO if the first byte is not its block's.
  mutating func write(_ bytes: RawSpan) throws(LinuxErrno) -> Int {
    var taken = 0
    while taken < bytes.byteCount {
      if position < bodyByteCount {
        let part = min(bytes.byteCount - taken, bodyByteCount - position)
        let good = matching(bytes.extracting(taken..<taken + part))
        position += good
        taken += good
        if good == part { continue }
        guard taken > 0 else { throw .inputOutput }
        return taken
      }
      let wanted =
        hasHeader ? GeneratedMemory.blockHeaderByteCount : SyntheticFormat.headerByteCount
      let part = min(wanted - head.count, bytes.byteCount - taken)
      head += [UInt8](bytes.extracting(taken..<taken + part))
      taken += part
      if head.count == wanted { try begin() }
    }
    return taken
  }

  private mutating func begin() throws(LinuxErrno) {
    let head = head
    let fields = head.span.raw
    if !hasHeader {
      guard head.starts(with: SyntheticFormat.magic), fields.little(UInt64.self, at: 8) == 1,
        fields.little(UInt64.self, at: 24) == memory.byteCount
      else { throw .invalid }
      memory.seed = fields.little(UInt64.self, at: 16)
      hasHeader = true
    } else {
      let number = fields.little(UInt64.self, at: 0)
      guard number < UInt64(memory.blockCount) else { throw .invalid }
      let block = Int(number)
      guard fields.little(UInt32.self, at: 12) == UInt32(memory.byteCount(ofBlock: block)) else {
        throw .invalid
      }
      memory.generations[block] = fields.little(UInt32.self, at: 8)
      isThere[block] = true
      GeneratedMemory.fill(
        &words, seed: memory.seed, block: block, generation: memory.generations[block])
      bodyByteCount = memory.byteCount(ofBlock: block)
      position = 0
    }
    self.head = []
  }

  /// How many bytes from the front of `bytes` belong to the block.
  private func matching(_ bytes: RawSpan) -> Int {
    // SAFETY: an integer has no padding.
    let expected = unsafe words.span.bytes.extracting(position..<position + bytes.byteCount)
    if bytes == expected { return bytes.byteCount }
    var index = 0
    while index < bytes.byteCount, bytes[byte: index] == expected[byte: index] { index &+= 1 }
    return index
  }
}
