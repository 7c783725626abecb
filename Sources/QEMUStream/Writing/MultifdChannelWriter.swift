import ByteIO

/// Builds a multifd channel, for tests.
public struct MultifdChannelWriter: Sendable {
  private var writer = ByteWriter()
  private let pageByteCount: Int

  /// Begins channel `number` of the machine with this UUID of 16 bytes.
  public init(uuid: [UInt8], number: UInt8, pageBits: Int = 12) {
    precondition(uuid.count == 16, "a UUID has 16 bytes")
    pageByteCount = 1 << pageBits
    writer.big(Multifd.magic)
    writer.big(Multifd.version)
    writer.append(uuid)
    writer.big(number)
    zeros(39)
  }

  /// The bytes written so far.
  public var bytes: [UInt8] { writer.bytes }

  private mutating func zeros(_ count: Int) {
    writer.append([UInt8](repeating: 0, count: count))
  }

  private mutating func head(flags: UInt32) {
    writer.big(Multifd.magic)
    writer.big(Multifd.version)
    writer.big(flags)
  }

  private mutating func text(_ text: String) {
    let bytes = Array(text.utf8.prefix(255))
    writer.append(bytes)
    zeros(256 - bytes.count)
  }

  /// A packet with the whole pages in `pages`, and with `zero` pages of zeros.
  ///
  /// - `staleSize`: the size in a packet without pages, which QEMU 7.2 leaves there.
  public mutating func pages(
    _ pages: [UInt8], zero: UInt32 = 0, of block: String, staleSize: UInt32 = 0
  ) {
    let slots = Multifd.mostPageBytes / pageByteCount
    head(flags: 0)
    writer.big(UInt32(slots))
    writer.big(UInt32(pages.count / pageByteCount))
    writer.big(pages.isEmpty ? staleSize : UInt32(pages.count))
    writer.big(0 as UInt64)
    writer.big(zero)
    zeros(4 + 24)
    text(block)
    zeros(8 * slots)
    writer.append(pages)
  }

  /// A packet of a device's state.
  public mutating func deviceState(
    _ data: [UInt8], of device: String, instance: UInt32 = 0, index: UInt32, version: UInt32 = 0,
    isConfiguration: Bool = false
  ) {
    head(flags: Multifd.deviceState)
    text(device)
    writer.big(instance)
    writer.big(UInt32(data.count) + 12)
    writer.big(version)
    writer.big(index)
    writer.big(isConfiguration ? 1 : 0 as UInt32)
    writer.append(data)
  }
}
