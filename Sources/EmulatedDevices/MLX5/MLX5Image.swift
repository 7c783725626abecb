import ByteIO

/// A made-up image of a function's context: a header, then blocks, each with its number and its
/// generation. Real images are opaque; this one can be checked.
struct MLX5Image: Sendable, Hashable {
  static let headerByteCount = 64
  private static let magic: UInt32 = 0x4143_4856
  private static let format: UInt32 = 1

  var firmware: UInt32
  var capabilities: UInt64
  var seed: UInt64
  /// Of the whole context.
  var contextByteCount: UInt64
  var blockCount: UInt64
  /// The number of the image in its transfer: each builds on the one before.
  var sequence: UInt32

  var header: [UInt8] {
    var writer = ByteWriter(reserving: Self.headerByteCount)
    writer.little(Self.magic)
    writer.little(Self.format)
    writer.little(firmware)
    writer.little(sequence)
    for value in [capabilities, seed, contextByteCount, blockCount, 0, 0] { writer.little(value) }
    return writer.bytes
  }

  /// The image with the header `bytes`; nil if that is no header.
  init?(parsing bytes: [UInt8]) {
    let fields = bytes.span.raw
    guard bytes.count == Self.headerByteCount, fields.little(UInt32.self, at: 0) == Self.magic,
      fields.little(UInt32.self, at: 4) == Self.format
    else { return nil }
    firmware = fields.little(UInt32.self, at: 8)
    sequence = fields.little(UInt32.self, at: 12)
    capabilities = fields.little(UInt64.self, at: 16)
    seed = fields.little(UInt64.self, at: 24)
    contextByteCount = fields.little(UInt64.self, at: 32)
    blockCount = fields.little(UInt64.self, at: 40)
  }

  init(
    _ settings: MLX5Settings, of memory: borrowing GeneratedMemory, blocks: Int, sequence: UInt32
  ) {
    firmware = settings.firmware
    capabilities = settings.capabilities
    seed = memory.seed
    contextByteCount = memory.byteCount
    blockCount = UInt64(blocks)
    self.sequence = sequence
  }
}
