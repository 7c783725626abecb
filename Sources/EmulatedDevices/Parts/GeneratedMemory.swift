import ByteIO

/// Memory of an emulated device that keeps the generation of each block, and none of its bytes.
///
/// The bytes of a block follow from the seed, the block and its generation. A device of any size
/// takes little memory, and a target knows what it should be given.
struct GeneratedMemory: Sendable, Hashable {
  static let blockByteCount = 64 << 10
  static let blockHeaderByteCount = 16
  private static let pageByteCount = 4096

  let byteCount: UInt64
  var seed: UInt64
  var generations: [UInt32]

  init(byteCount: UInt64, seed: UInt64) {
    self.byteCount = byteCount
    self.seed = seed
    generations = [UInt32](repeating: 0, count: Self.blockCount(byteCount))
  }

  static func blockCount(_ byteCount: UInt64) -> Int {
    Int(clamping: (byteCount &+ UInt64(blockByteCount) &- 1) / UInt64(blockByteCount))
  }

  var blockCount: Int { generations.count }

  /// The bytes of a block: all but the last are of one size.
  func byteCount(ofBlock block: Int) -> Int {
    Int(min(UInt64(Self.blockByteCount), byteCount - UInt64(block * Self.blockByteCount)))
  }

  /// The header before a block in a state: its number, its generation and its length.
  func blockHeader(of block: Int) -> [UInt8] {
    var writer = ByteWriter(reserving: Self.blockHeaderByteCount)
    writer.little(UInt64(block))
    writer.little(generations[block])
    writer.little(UInt32(byteCount(ofBlock: block)))
    return writer.bytes
  }

  /// One step of SplitMix64 (Steele, Lea and Flood 2014).
  @inline(__always)
  static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// Fills `words` with a block: pages of zeros, of text-like and table-like words, and of noise.
  static func fill(
    _ words: inout [UInt64], seed: UInt64, block: Int, generation: UInt32
  ) {
    let pageWords = pageByteCount / 8
    let key = mix(seed ^ mix(UInt64(block) ^ UInt64(generation) << 40))
    for page in 0..<blockByteCount / pageByteCount {
      let pageKey = mix(key &+ UInt64(page))
      let start = page &* pageWords
      let range = start..<start &+ pageWords
      switch pageKey >> 62 {
      case 0: for index in range { words[index] = 0 }
      case 1:
        for index in range {
          let word = vocabulary[Int(truncatingIfNeeded: mix(pageKey &+ UInt64(index)) >> 60)]
          words[index] = word.littleEndian
        }
      case 2:
        let base = pageKey & 0x0000_7fff_ffff_f000
        for index in range { words[index] = (base &+ UInt64(index &* 64)).littleEndian }
      default:
        for index in range { words[index] = mix(pageKey ^ UInt64(index)).littleEndian }
      }
    }
  }

  private static let vocabulary: [UInt64] = (0..<16).map {
    mix($0) & 0x1f1f_1f1f_1f1f_1f1f | 0x6060_6060_6060_6060
  }

  /// A digest of the whole: equal for equal bytes.
  var digest: String {
    var value = Self.mix(seed ^ Self.mix(byteCount))
    for generation in generations { value = Self.mix(value ^ UInt64(generation)) }
    return hex(value, digits: 16)
  }
}
