import ByteIO

/// How a synthetic device lays out its state: a header, and blocks in any order, each with its number and generation.
enum SyntheticFormat {
  static let magic = [UInt8]("FERRYSYN".utf8)
  static let headerByteCount = 32
  static let blockHeaderByteCount = 16

  static func header(of memory: SyntheticMemory) -> [UInt8] {
    var writer = ByteWriter(reserving: headerByteCount)
    writer.append(magic)
    writer.little(1 as UInt64)
    writer.little(memory.seed)
    writer.little(memory.byteCount)
    return writer.bytes
  }

  static func blockHeader(of block: Int, in memory: SyntheticMemory) -> [UInt8] {
    var writer = ByteWriter(reserving: blockHeaderByteCount)
    writer.little(UInt64(block))
    writer.little(memory.generations[block])
    writer.little(UInt32(memory.byteCount(ofBlock: block)))
    return writer.bytes
  }

  /// The stream bytes of `count` whole blocks.
  static func byteCount(blocks count: Int) -> UInt64 {
    UInt64(count) * UInt64(SyntheticMemory.blockByteCount + blockHeaderByteCount)
  }
}
