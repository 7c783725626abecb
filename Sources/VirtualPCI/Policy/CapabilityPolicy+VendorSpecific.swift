import ByteIO
import PCIConfig

extension CapabilityPolicy {
  static let vendorSpecific = bytes(
    "vendor", .vendorSpecific, from: .pci("6.2, appendix H: the third byte is the length"))
  static let vendorSpecificExtended = bytes("vsec", .vendorSpecificExtended, from: .pcie("7.9.5"))
  static let designatedVendorSpecific = bytes(
    "dvsec", .designatedVendorSpecific, from: .pcie("7.9.6"))

  /// A capability that no table describes, by number: its bytes are constant.
  static func opaque(_ id: CapabilityID) -> CapabilityPolicy {
    bytes(id.code, id, from: Citation("no table describes capability \(id.code)"))
  }

  private static func bytes(
    _ key: String, _ id: CapabilityID, from source: Citation
  ) -> CapabilityPolicy {
    let header = id.isExtended ? 4 : 2
    return CapabilityPolicy(
      key, id, purpose: "a vendor's driver reads it", holdsBytes: true,
      byteCount: { header + $0.bytes.count },
      registers: { content in
        // One register a dword of the space, so that an override can name any part of it.
        var registers: [RegisterPolicy] = []
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
            RegisterPolicy(
              "bytes-\(hex(offset))", at: offset, bytes: size, reset: value, from: source))
          offset += size
        }
        return registers
      })
  }

  static let advancedFeatures = CapabilityPolicy(
    "af", .advancedFeatures,
    purpose: "a guest resets a conventional function through it",
    byteCount: { _ in 6 },
    registers: { _ in
      [
        RegisterPolicy(
          "length", at: 2, bytes: 1, reset: 6, from: .pci("ECN Advanced Capabilities")),
        RegisterPolicy(
          "capabilities", at: 3, bytes: 1, reset: 0x03,
          [
            BitRule(
              0x03, "transactions pending and function-level reset", .constant, .common,
              consequence: "a guest's reset would have no effect",
              from: .pci("ECN Advanced Capabilities"))
          ], from: .pci("ECN Advanced Capabilities")),
        RegisterPolicy(
          "control", at: 4, bytes: 1,
          [
            BitRule(
              0x01, "initiate function-level reset", .trigger, effect: .functionReset,
              from: .vfio("vfio_af_config_write: trapped, the kernel resets the function"))
          ], from: .pci("ECN Advanced Capabilities")),
        RegisterPolicy(
          "status", at: 5, bytes: 1,
          [
            BitRule(
              0x01, "transactions pending", .deviceReadOnly,
              from: .vfio("init_pci_cap_af_perm: read from the device"))
          ], from: .pci("ECN Advanced Capabilities")),
      ]
    })
}
