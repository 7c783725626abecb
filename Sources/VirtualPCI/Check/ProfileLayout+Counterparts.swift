import PCIConfig

extension ProfileLayout {
  /// Where `host` has the register behind a counterpart; nil if it has none.
  ///
  /// Capabilities of bytes, of which there may be several, pair up by their bytes, since devices
  /// order them as they like; others by their number among those with the same id.
  func offset(of counterpart: ProfileRegister.Counterpart, on host: HostFunction) -> Int? {
    guard case .capability(let id, let instance, let distance) = counterpart,
      let placed = capabilities.first(where: { $0.id == id && $0.instance == instance }),
      placed.policy.holdsBytes
    else { return host.offset(of: counterpart) }
    let alike = capabilities.filter {
      $0.id == id && $0.instance < instance && $0.content.bytes == placed.content.bytes
    }.count
    let matching = host.capabilities.all(id).filter { hasBytes(of: placed, $0, on: host) }
    guard matching.indices.contains(alike), distance < matching[alike].length else { return nil }
    let offset = matching[alike].offset + distance
    return (0..<host.space.byteCount).contains(offset) ? offset : nil
  }

  /// Whether a capability of `host` has the bytes of `placed`, but for those that are passed
  /// through.
  func hasBytes(
    of placed: PlacedCapability, _ candidate: Capability, on host: HostFunction
  ) -> Bool {
    let header = placed.policy.headerByteCount
    return placed.content.bytes.enumerated().allSatisfy { index, byte in
      image.device[placed.offset + header + index] == 0xff
        || host.space.u8(at: candidate.offset + header + index) == byte
    }
  }
}
