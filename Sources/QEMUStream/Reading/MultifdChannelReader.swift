public import ByteIO

/// Reads one multifd channel of a migration, packet by packet.
public struct MultifdChannelReader<Source: ByteSource & ~Copyable>: ~Copyable {
  /// The head of a channel.
  public struct Head: Sendable, Hashable {
    /// The 16 bytes of the machine's UUID; zeros if it has none.
    public let uuid: [UInt8]
    /// The number of the channel.
    public let channel: UInt8
  }

  /// Why the channel cannot be read on.
  public typealias Failure = QEMUReadError<Source.Failure>

  var input: LookaheadBuffer<Source>
  var pageByteCount: Int
  private var head: Head?
  /// Whether a packet of pages was compressed.
  private(set) var isCompressed = false
  /// Whether the bytes of a configuration's packet are left to `readConfiguration`.
  private let leavesConfigurations: Bool

  /// - `pageBits`: the bits of a page, from the main channel's configuration.
  public init(_ source: consuming Source, pageBits: Int) {
    input = LookaheadBuffer(source)
    pageByteCount = 1 << pageBits
    leavesConfigurations = false
  }

  /// The same from a source that gets every byte back when it was passed over; the caller reads the
  /// configurations, and sets `pageByteCount` before the first packet.
  init(returningTo source: consuming Source) where Source: ReturningByteSource {
    input = LookaheadBuffer(returningTo: source, startingAt: 0)
    pageByteCount = 4096
    leavesConfigurations = true
  }

  /// The channel's head; `next()` reads it first.
  public mutating func readHead() throws(Failure) -> Head {
    if let head { return head }
    let available = try input.ensure(Multifd.headByteCount)
    guard available >= 4, input.bytes.big(UInt32.self, at: 0) == Multifd.magic else {
      throw .stream(
        QEMUStreamError(
          .notAStream, at: 0, expected: "a multifd channel (11 22 33 44)",
          found: available == 0 ? "an empty input" : "other bytes"))
    }
    try input.require(Multifd.headByteCount, "a channel's head")
    try checkVersion()
    let head = Head(
      uuid: [UInt8](input.bytes.extracting(8..<24)), channel: input.bytes[byte: 24])
    input.advance(Multifd.headByteCount)
    self.head = head
    return head
  }

  private func checkVersion() throws(Failure) {
    let version = input.bytes.big(UInt32.self, at: 4)
    guard version == Multifd.version else {
      throw .stream(
        QEMUStreamError(
          .unsupportedVersion, at: input.offset + 4, expected: "version \(Multifd.version)",
          found: "version \(version)"))
    }
  }

  /// The next packet, or nil at the channel's end.
  public mutating func next() throws(Failure) -> MultifdPacket? {
    _ = try readHead()
    guard try input.ensure(1) > 0 else { return nil }
    try input.require(12, "a packet's head")
    let magic = input.bytes.big(UInt32.self, at: 0)
    guard magic == Multifd.magic else {
      throw .stream(
        QEMUStreamError(
          .malformed, at: input.offset, expected: "a packet (11 22 33 44)",
          found: "0x\(hex(magic, digits: 8))"))
    }
    try checkVersion()
    let flags = input.bytes.big(UInt32.self, at: 8)
    guard flags & ~Multifd.knownFlags == 0 else {
      throw .stream(
        QEMUStreamError(
          .unsupported, at: input.offset + 8, expected: "a packet of pages or of device state",
          found: "flags 0x\(hex(flags))"))
    }
    if flags & Multifd.compression != 0 { isCompressed = true }
    if flags & Multifd.deviceState != 0 { return .deviceState(try readDeviceState()) }
    return try readPages()
  }

  private mutating func readPages() throws(Failure) -> MultifdPacket {
    // Every packet has room for the addresses of 512 KiB of pages, whether it uses them or not.
    let byteCount = Multifd.pagesHeadByteCount + 8 * (Multifd.mostPageBytes / pageByteCount)
    try input.require(byteCount, "a packet of pages")
    let normal = input.bytes.big(UInt32.self, at: 16)
    let size = input.bytes.big(UInt32.self, at: 20)
    let zero = input.bytes.big(UInt32.self, at: 32)
    let slots = Multifd.mostPageBytes / pageByteCount
    guard Int(normal) + Int(zero) <= slots else {
      throw .stream(
        QEMUStreamError(
          .malformed, at: input.offset + 16, expected: "at most \(slots) pages in a packet",
          found: "\(normal) and \(zero) of zeros"))
    }
    let block = Self.text(input.bytes.extracting(64..<320))
    input.advance(byteCount)
    // A packet without pages has the size of the one before (QEMU 7.2), and nothing follows it.
    if normal > 0 { try input.skip(UInt64(size), "a packet's pages") }
    return .pages(
      RAMBlock.Pages(normal: UInt64(normal), zero: UInt64(zero)), block: block)
  }

  private mutating func readDeviceState() throws(Failure) -> DeviceStatePacket {
    let offset = input.offset
    try input.require(Multifd.deviceHeadByteCount + 12, "a packet of device state")
    let device = Self.text(input.bytes.extracting(12..<268))
    let instance = input.bytes.big(UInt32.self, at: 268)
    let size = input.bytes.big(UInt32.self, at: 272)
    let version = input.bytes.big(UInt32.self, at: 276)
    let index = input.bytes.big(UInt32.self, at: 280)
    let flags = input.bytes.big(UInt32.self, at: 284)
    func error(
      _ code: QEMUStreamError.Code, _ expected: String, _ found: String
    ) -> Failure {
      .stream(
        QEMUStreamError(code, at: offset, section: device, expected: expected, found: found))
    }
    guard size >= 12 else {
      throw error(.malformed, "a packet of at least 12 bytes", "\(size)")
    }
    guard version == 0 else {
      throw error(.unsupportedVersion, "device state of version 0", "version \(version)")
    }
    guard index != .max else {
      throw error(.malformed, "an index below 2^32 - 1", "index \(index)")
    }
    input.advance(Multifd.deviceHeadByteCount + 12)
    let packet = DeviceStatePacket(
      device: device, instance: instance, index: index, isConfiguration: flags & 1 != 0,
      dataOffset: input.offset, dataByteCount: size - 12)
    if !(leavesConfigurations && packet.isConfiguration) {
      try input.skip(UInt64(size - 12), "device state")
    }
    return packet
  }

  /// Reads the record of a configuration's packet that `next()` gave and left.
  mutating func readConfiguration(
    of packet: DeviceStatePacket
  ) throws(Failure) -> VFIOConfiguration {
    let byteCount = Int(packet.dataByteCount)
    guard byteCount <= VFIOConfiguration.longestByteCount else {
      throw .stream(
        QEMUStreamError(
          .limitExceeded, at: packet.dataOffset, section: packet.device,
          expected: "a configuration of at most \(VFIOConfiguration.longestByteCount) bytes",
          found: "\(byteCount)"))
    }
    try input.require(byteCount, "a configuration")
    let configuration: VFIOConfiguration
    do throws(QEMUStreamError) {
      configuration = try VFIOConfiguration(
        parsingPacket: input.bytes.extracting(first: byteCount), at: packet.dataOffset,
        of: packet.device)
    } catch {
      throw .stream(error)
    }
    input.advance(byteCount)
    return configuration
  }

  /// The text before the first zero byte.
  private static func text(_ bytes: RawSpan) -> String {
    String(decoding: [UInt8](bytes).prefix { $0 != 0 }, as: UTF8.self)
  }
}

/// A packet of a multifd channel (QEMU migration/multifd.h).
public enum MultifdPacket: Sendable, Hashable {
  /// Pages of a block of RAM; one without pages is a point where the channels come together.
  case pages(RAMBlock.Pages, block: String)
  /// A piece of a device's state; its bytes were passed over.
  case deviceState(DeviceStatePacket)
}

/// A piece of a VFIO device's state in a multifd channel (QEMU hw/vfio/migration-multifd.c).
public struct DeviceStatePacket: Sendable, Hashable {
  /// The name of the device's sections in the main channel.
  public let device: String
  /// The instance of the device's sections in the main channel.
  public let instance: UInt32
  /// The place of the piece in the device's state, counted in packets.
  public let index: UInt32
  /// Whether this is the last packet, which holds the configuration record.
  public let isConfiguration: Bool
  /// The offset of its bytes in the channel's file.
  public let dataOffset: UInt64
  /// The number of its bytes.
  public let dataByteCount: UInt32
}

/// The numbers of the format (QEMU migration/multifd.h).
enum Multifd {
  static var magic: UInt32 { 0x1122_3344 }
  static var version: UInt32 { 1 }
  static var headByteCount: Int { 64 }
  static var pagesHeadByteCount: Int { 320 }
  static var mostPageBytes: Int { 512 << 10 }
  static var deviceHeadByteCount: Int { 276 }
  /// The flags that QEMU 11.1 has: a point where channels come together, compression, device state.
  static var knownFlags: UInt32 { 0x7f }
  /// The flags of compressed pages.
  static var compression: UInt32 { 0x3e }
  /// The flag of a packet that holds device state.
  static var deviceState: UInt32 { 64 }
}
