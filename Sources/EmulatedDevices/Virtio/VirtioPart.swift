import ByteIO
import Devices
import StateTranslation

/// A part of a virtio device's state (VIRTIO 1.4, device parts).
struct VirtioPart: Sendable, Hashable {
  /// Type, flags, a reserved byte, a selector of eight bytes and the length; little-endian, without
  /// padding.
  static let headerByteCount = 16
  static let optional: UInt8 = 1

  /// Which part; numbers are of the specification.
  struct Kind: RawRepresentable, Sendable, Hashable {
    let rawValue: UInt16

    static let deviceFeatures = Self(rawValue: 0x100)
    static let driverFeatures = Self(rawValue: 0x101)
    static let commonConfiguration = Self(rawValue: 0x102)
    static let deviceStatus = Self(rawValue: 0x103)
    static let queueConfiguration = Self(rawValue: 0x104)
    static let queueNotification = Self(rawValue: 0x105)
    /// Of a network device: what its control queue was told.
    static let netControl = Self(rawValue: 0x200)

    /// The place in the order that is mandatory; nil for parts that may stand anywhere.
    var rank: Int? {
      (0x100...0x105).contains(rawValue) ? Int(rawValue - 0x100) : nil
    }
  }

  var kind: Kind
  var flags: UInt8 = 0
  var reserved: UInt8 = 0
  var selector: UInt64 = 0
  var value: [UInt8]

  /// The parts in `bytes`. Throws EINVAL if a header or a value is cut.
  static func parts(in bytes: [UInt8]) throws(LinuxErrno) -> [VirtioPart] {
    var reader = ByteReader(bytes.span.raw)
    var parts: [VirtioPart] = []
    do throws(ByteError) {
      while !reader.isAtEnd {
        let kind = Kind(rawValue: try reader.little(UInt16.self))
        let flags = try reader.little(UInt8.self)
        let reserved = try reader.little(UInt8.self)
        let selector = try reader.little(UInt64.self)
        let count = try reader.little(UInt32.self)
        let value = [UInt8](try reader.take(Int(clamping: count)))
        parts.append(
          VirtioPart(
            kind: kind, flags: flags, reserved: reserved, selector: selector, value: value))
      }
    } catch {
      throw .invalid
    }
    return parts
  }

  func append(to writer: inout ByteWriter) {
    writer.little(kind.rawValue)
    writer.little(flags)
    writer.little(reserved)
    writer.little(selector)
    writer.little(UInt32(clamping: value.count))
    writer.append(value)
  }
}
