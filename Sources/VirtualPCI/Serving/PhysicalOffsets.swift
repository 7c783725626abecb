/// Where a device has the registers that serve bits of a profile.
public struct PhysicalOffsets: Sendable, Hashable {
  /// For each byte of the space that the guest sees, the device's byte; -1 if no device is
  /// asked.
  public let offsets: [Int16]
  /// The bytes that should have a counterpart and have none on this device.
  public let missing: [Int]

  /// Looks the counterparts up on `host`.
  public init(of layout: ProfileLayout, on host: HostFunction) {
    let image = layout.image
    var offsets = [Int16](repeating: -1, count: image.byteCount)
    var missing: [Int] = []
    let resolved = image.anchors.map { layout.offset(of: $0, on: host) }
    for (byte, anchor) in image.anchorIndex.enumerated() where anchor >= 0 {
      if let offset = resolved[Int(anchor)] {
        offsets[byte] = Int16(truncatingIfNeeded: offset)
      } else {
        missing.append(byte)
      }
    }
    self.offsets = offsets
    self.missing = missing
  }
}
