import ByteIO
import PCIConfig

extension CapabilityTemplate {
  static let vendorSpecific = bytes(
    "vendor", .vendorSpecific, from: .pci("6.2, appendix H: the third byte is the length"))
  static let vendorSpecificExtended = bytes("vsec", .vendorSpecificExtended, from: .pcie("7.9.5"))
  static let designatedVendorSpecific = bytes(
    "dvsec", .designatedVendorSpecific, from: .pcie("7.9.6"))

  /// A capability that no table describes, by number: its bytes are constant.
  static func opaque(_ id: CapabilityID) -> CapabilityTemplate {
    bytes(id.code, id, from: FactSource("no table describes capability \(id.code)"))
  }

  private static func bytes(
    _ key: String, _ id: CapabilityID, from source: FactSource
  ) -> CapabilityTemplate {
    let header = id.isExtended ? 4 : 2
    return CapabilityTemplate(
      key, id, purpose: "a vendor's driver reads it", holdsBytes: true,
      byteCount: { header + $0.bytes.count },
      registers: { content in
        // One register a dword of the space, so that an override can name any part of it.
        var registers: [RegisterTemplate] = []
        var offset = header
        let end = header + content.bytes.count
        while offset < end {
          let room = end - offset
          let size = offset % 4 == 0 && room >= 4 ? 4 : offset % 2 == 0 && room >= 2 ? 2 : 1
          var value: UInt32 = 0
          for index in 0..<size {
            value |= UInt32(content.bytes[offset - header + index]) << UInt32(8 * index)
          }
          registers.append(
            RegisterTemplate(
              "bytes-\(hex(offset))", at: offset, bytes: size, reset: value, from: source))
          offset += size
        }
        return registers
      })
  }
}
