import ByteIO

/// The header of a packet of an xe function's state: 24 bytes, little-endian, packed
/// (drivers/gpu/drm/xe/xe_sriov_packet_types.h).
struct XePacket: Sendable, Hashable {
  static let headerByteCount = 24
  static let version: UInt8 = 1

  /// Which packet.
  struct Kind: RawRepresentable, Sendable, Hashable {
    let rawValue: UInt8

    static let invalid = Self(rawValue: 0)
    static let descriptor = Self(rawValue: 1)
    static let trailer = Self(rawValue: 2)
    static let translationTable = Self(rawValue: 3)
    static let registers = Self(rawValue: 4)
    static let firmware = Self(rawValue: 5)
    static let memory = Self(rawValue: 6)
  }

  var version = Self.version
  var kind: Kind
  var tile: UInt8 = 0
  /// Which graphics or media engine.
  var engine: UInt8 = 0
  var flags: UInt32 = 0
  var offset: UInt64 = 0
  var byteCount: UInt64

  init(_ kind: Kind, engine: UInt8 = 0, offset: UInt64 = 0, byteCount: UInt64) {
    self.kind = kind
    self.engine = engine
    self.offset = offset
    self.byteCount = byteCount
  }

  /// - Precondition: 24 bytes.
  init(parsing bytes: RawSpan) {
    version = bytes[byte: 0]
    kind = Kind(rawValue: bytes[byte: 1])
    tile = bytes[byte: 2]
    engine = bytes[byte: 3]
    flags = bytes.little(UInt32.self, at: 4)
    offset = bytes.little(UInt64.self, at: 8)
    byteCount = bytes.little(UInt64.self, at: 16)
  }

  var header: [UInt8] {
    var writer = ByteWriter(reserving: Self.headerByteCount)
    writer.append([version, kind.rawValue, tile, engine])
    writer.little(flags)
    writer.little(offset)
    writer.little(byteCount)
    return writer.bytes
  }
}
