import ByteIO

/// The state of a synthetic device: a header, and blocks in any order, each with its number and
/// generation.
enum SyntheticFormat {
  static let magic = [UInt8]("FERRYSYN".utf8)
  static let headerByteCount = 32

  static func header(of memory: GeneratedMemory) -> [UInt8] {
    var writer = ByteWriter(reserving: headerByteCount)
    writer.append(magic)
    writer.little(1 as UInt64)
    writer.little(memory.seed)
    writer.little(memory.byteCount)
    return writer.bytes
  }

  /// The stream bytes of `count` whole blocks.
  static func byteCount(blocks count: Int) -> UInt64 {
    UInt64(count) * UInt64(GeneratedMemory.blockByteCount + GeneratedMemory.blockHeaderByteCount)
  }
}
