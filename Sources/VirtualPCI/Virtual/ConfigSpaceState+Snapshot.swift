public import PCIConfig

extension ConfigSpaceState {
  /// What a guest sees of `layout` on a device right after a reset: the VMM's bits as the profile has them, the device's
  /// as they stand in `host`.
  ///
  /// A VMM that has served the guest knows better, and gives what ``VirtualConfigSpace/save()`` does.
  public init(_ layout: ProfileLayout, on host: HostFunction) throws(PCIConfigError) {
    let space = try VirtualConfigSpace(
      layout, at: PhysicalPlaces(of: layout, on: host), on: Snapshot(bytes: host.space.bytes))
    self = space.save()
    physical = host.space.bytes
  }
}

/// Bytes that were read before, for reads alone.
private struct Snapshot: PhysicalConfigAccess {
  let bytes: [UInt8]

  func read(_ offset: Int, byteCount: Int) -> UInt32 {
    guard offset >= 0, offset + byteCount <= bytes.count else { return .max }
    return (0..<byteCount).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
  }

  mutating func write(_ offset: Int, byteCount: Int, value: UInt32) {}
}
