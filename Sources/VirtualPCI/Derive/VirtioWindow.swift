import PCIConfig

/// The one register of a virtio function's capabilities that a guest writes: the window onto its
/// BARs.
///
/// VIRTIO 1.2, 4.1.4.9: the capability of type 5 has BAR, offset, length and data, through which a
/// driver that cannot map BARs reaches the device.
enum VirtioWindow {
  /// Whether `bytes`, behind the two of the header, are such a capability's: length, type 5, 20
  /// bytes in all.
  static func isWindow(_ bytes: [UInt8]) -> Bool { bytes.count == 18 && bytes[1] == 5 }

  static func isVirtio(_ host: HostFunction) -> Bool {
    host.vendorID == 0x1af4 && (0x1000...0x107f).contains(host.deviceID ?? 0)
  }

  /// Where the structures end that the function's virtio capabilities place in the BAR (VIRTIO 1.2,
  /// 4.1.4).
  static func end(of bar: Int, _ host: HostFunction) -> UInt64 {
    guard isVirtio(host) else { return 0 }
    return host.capabilities.all(.vendorSpecific).reduce(0) { end, capability in
      guard host.space.u8(at: capability.offset + 4).map(Int.init) == bar,
        host.space.u8(at: capability.offset + 3) != 5,
        let start = host.space.u32(at: capability.offset + 8),
        let length = host.space.u32(at: capability.offset + 12)
      else { return end }
      return max(end, UInt64(start) + UInt64(length))
    }
  }

  /// Passes the window of a profile for virtio functions through to the device.
  static func passThrough(_ profile: inout Profile, _ hosts: [HostFunction]) {
    guard hosts.allSatisfy(isVirtio) else { return }
    for capability in profile.capabilities where capability.id == .vendorSpecific {
      guard case .at(let offset) = capability.placement, isWindow(capability.content.bytes) else {
        continue
      }
      for (distance, bits, name) in [
        (4, 0xff, "BAR"), (8, UInt32.max, "offset"), (12, .max, "length"), (16, .max, "data"),
      ] as [(Int, UInt32, String)] {
        profile.registers.append(
          ProfileRegister(
            at: offset + distance, bits: bits, source: .device, name: "virtio window \(name)",
            reset: 0))
      }
    }
  }
}
