/// The registers of the configuration space's first 64 bytes.
public enum HeaderTable {
  /// What every header type begins with (PCIe 7.5.1.1).
  public static let common: [Register] = [
    Register("Vendor ID", at: 0x00, bytes: 2, [.hex("Vendor ID", 0...15)])
  ]

  /// The rest of a type 0 header: endpoints (PCIe 7.5.1.2).
  public static let endpoint: [Register] = []

  /// The rest of a type 1 header: bridges, ports (PCIe 7.5.1.3).
  public static let bridge: [Register] = []
}
