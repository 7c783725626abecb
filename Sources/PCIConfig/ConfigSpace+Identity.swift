extension ConfigSpace {
  /// Vendor ID; all ones in a virtual function, whose ids are its physical function's (PCIe
  /// 9.3.4.1.1).
  public var vendorID: UInt16 { u16(at: 0x00) ?? 0xffff }
  /// Device ID; all ones in a virtual function.
  public var deviceID: UInt16 { u16(at: 0x02) ?? 0xffff }
  /// The vendor's revision number; 0 if the space is too short to have one.
  public var revisionID: UInt8 { u8(at: 0x08) ?? 0 }
  /// The class code: base class, subclass, programming interface, from the highest byte of 24 bits
  /// down.
  public var classCode: UInt32 {
    UInt32(truncatingIfNeeded: load(0x09, byteCount: 3) ?? 0)
  }
  /// The layout of the header: 0 for an endpoint, 1 for a bridge, 2 for CardBus; nil if unknown.
  public var headerType: UInt8? { u8(at: 0x0e).map { $0 & 0x7f } }
  /// Whether the device has further functions (bit 7 of Header Type).
  public var isMultiFunction: Bool { (u8(at: 0x0e) ?? 0) & 0x80 != 0 }

  /// Subsystem vendor and device: of the header for an endpoint, of the capability for a bridge.
  public var subsystem: (vendor: UInt16, device: UInt16)? {
    switch headerType {
    case 0:
      guard let vendor = u16(at: 0x2c), let device = u16(at: 0x2e) else { return nil }
      return (vendor, device)
    case 1:
      guard let capability = capabilityList.first(.subsystemID),
        let vendor = u16(at: capability.offset + 4), let device = u16(at: capability.offset + 6)
      else { return nil }
      return (vendor, device)
    default: return nil
    }
  }

  /// Whether every known byte is ones: what a read returns when the function does not answer.
  public var isAllOnes: Bool {
    unknownRanges.isEmpty && bytes.allSatisfy { $0 == 0xff }
  }
}
