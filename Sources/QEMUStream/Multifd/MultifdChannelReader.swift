public import ByteIO

/// Reads what went over one multifd channel of a migration, packet by packet.
public struct MultifdChannelReader<Source: ByteSource & ~Copyable>: ~Copyable {
  /// What a channel says of itself at its start.
  public struct Head: Sendable, Hashable {
    /// The UUID of the machine that was migrated, its 16 bytes; zeros where it has none.
    public let uuid: [UInt8]
    public let channel: UInt8
  }

  /// Why the channel cannot be read on.
  public typealias Failure = QEMUReadError<Source.Failure>

  private var window: SourceWindow<Source>
  private let pageByteCount: Int
  private var head: Head?

  /// - Parameter pageBits: the bits of a page, as the main channel's configuration tells.
  public init(_ source: consuming Source, pageBits: Int) {
    window = SourceWindow(source)
    pageByteCount = 1 << pageBits
  }

  /// What the channel says of itself; the first to be read.
  public mutating func readHead() throws(Failure) -> Head {
    if let head { return head }
    let available = try window.look(Multifd.headByteCount)
    guard available >= 4, window.bytes.big(UInt32.self, at: 0) == Multifd.magic else {
      throw .stream(
        QEMUStreamError(
          .notAStream, at: 0, expected: "a multifd channel (11 22 33 44)",
          found: available == 0 ? "an empty input" : "other bytes"))
    }
    try window.require(Multifd.headByteCount, "a channel's head")
    try checkVersion()
    let head = Head(
      uuid: [UInt8](window.bytes.extracting(8..<24)), channel: window.bytes[byte: 24])
    window.advance(Multifd.headByteCount)
    self.head = head
    return head
  }

  private func checkVersion() throws(Failure) {
    let version = window.bytes.big(UInt32.self, at: 4)
    guard version == Multifd.version else {
      throw .stream(
        QEMUStreamError(
          .unsupportedVersion, at: window.offset + 4, expected: "version \(Multifd.version)",
          found: "version \(version)"))
    }
  }

  /// The next packet, or nil at the channel's end.
  public mutating func next() throws(Failure) -> MultifdPacket? {
    _ = try readHead()
    guard try window.look(1) > 0 else { return nil }
    try window.require(12, "a packet's head")
    let magic = window.bytes.big(UInt32.self, at: 0)
    guard magic == Multifd.magic else {
      throw .stream(
        QEMUStreamError(
          .malformed, at: window.offset, expected: "a packet (11 22 33 44)",
          found: "0x\(hex(magic, digits: 8))"))
    }
    try checkVersion()
    let flags = window.bytes.big(UInt32.self, at: 8)
    if flags & Multifd.deviceState != 0 { return .deviceState(try readDeviceState()) }
    return try readPages()
  }

  private mutating func readPages() throws(Failure) -> MultifdPacket {
    // Every packet has room for as many addresses as pages fit into 512 KiB, whether or not it uses them.
    let byteCount = Multifd.pagesHeadByteCount + 8 * (Multifd.mostPageBytes / pageByteCount)
    try window.require(byteCount, "a packet of pages")
    let normal = window.bytes.big(UInt32.self, at: 16)
    let size = window.bytes.big(UInt32.self, at: 20)
    let zero = window.bytes.big(UInt32.self, at: 32)
    let slots = Multifd.mostPageBytes / pageByteCount
    guard Int(normal) + Int(zero) <= slots else {
      throw .stream(
        QEMUStreamError(
          .malformed, at: window.offset + 16, expected: "at most \(slots) pages in a packet",
          found: "\(normal) and \(zero) of zeros"))
    }
    let block = Self.text(window.bytes.extracting(64..<320))
    window.advance(byteCount)
    // A packet without pages says the size of the one before (QEMU 7.2), and nothing follows it.
    if normal > 0 { try window.skip(UInt64(size), "a packet's pages") }
    return .pages(
      RAMBlock.Pages(normal: UInt64(normal), zero: UInt64(zero)), block: block)
  }

  private mutating func readDeviceState() throws(Failure) -> DeviceStatePacket {
    let offset = window.offset
    try window.require(Multifd.deviceHeadByteCount + 12, "a packet of device state")
    let device = Self.text(window.bytes.extracting(12..<268))
    let instance = window.bytes.big(UInt32.self, at: 268)
    let size = window.bytes.big(UInt32.self, at: 272)
    let version = window.bytes.big(UInt32.self, at: 276)
    let index = window.bytes.big(UInt32.self, at: 280)
    let flags = window.bytes.big(UInt32.self, at: 284)
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
    window.advance(Multifd.deviceHeadByteCount + 12)
    let packet = DeviceStatePacket(
      device: device, instance: instance, index: index, isConfiguration: flags & 1 != 0,
      dataOffset: window.offset, dataByteCount: size - 12)
    try window.skip(UInt64(size - 12), "device state")
    return packet
  }

  /// The text before the first zero byte.
  private static func text(_ bytes: RawSpan) -> String {
    String(decoding: [UInt8](bytes).prefix { $0 != 0 }, as: UTF8.self)
  }
}

/// The numbers of the format (QEMU migration/multifd.h).
enum Multifd {
  static var magic: UInt32 { 0x1122_3344 }
  static var version: UInt32 { 1 }
  static var headByteCount: Int { 64 }
  static var pagesHeadByteCount: Int { 320 }
  static var mostPageBytes: Int { 512 << 10 }
  static var deviceHeadByteCount: Int { 276 }
  /// The flag of a packet that holds device state.
  static var deviceState: UInt32 { 64 }
}
