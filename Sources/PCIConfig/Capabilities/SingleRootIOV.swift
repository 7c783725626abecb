import ByteIO

extension CapabilityTable {
  /// PCIe 9.3.3.
  static let singleRootIOV = CapabilityTable(
    .singleRootIOV, "Single Root I/O Virtualization (SR-IOV)", length: 0x40,
    registers: [
      Register(
        "IOVCap", at: 0x04, bytes: 4,
        [
          .flag("Migration", 0), .flag("ARIHierarchy", 1), .flag("10BitTagReq", 2),
          .flag("14BitTagReq", 3), .number("IntMsgNum", 21...31),
        ]),
      Register(
        "IOVCtl", at: 0x08, bytes: 2,
        [
          .flag("Enable", 0), .flag("Migration", 1), .flag("Interrupt", 2), .flag("MSE", 3),
          .flag("ARIHierarchy", 4), .flag("10BitTagReq", 5), .flag("14BitTagReq", 6),
        ]),
      Register("IOVSta", at: 0x0a, bytes: 2, [.flag("Migration", 0)]),
      Register("InitialVFs", at: 0x0c, bytes: 2),
      Register("TotalVFs", at: 0x0e, bytes: 2),
      Register("NumVFs", at: 0x10, bytes: 2),
      Register("FunctionDependencyLink", at: 0x12, bytes: 1),
      Register("VFOffset", at: 0x14, bytes: 2),
      Register("VFStride", at: 0x16, bytes: 2),
      Register("VFDeviceID", at: 0x1a, bytes: 2),
      Register("SupportedPageSizes", at: 0x1c, bytes: 4),
      Register("SystemPageSize", at: 0x20, bytes: 4),
      Register("VFBAR0", at: 0x24, bytes: 4),
      Register("VFBAR1", at: 0x28, bytes: 4),
      Register("VFBAR2", at: 0x2c, bytes: 4),
      Register("VFBAR3", at: 0x30, bytes: 4),
      Register("VFBAR4", at: 0x34, bytes: 4),
      Register("VFBAR5", at: 0x38, bytes: 4),
      Register(
        "VFMigration", at: 0x3c, bytes: 4,
        [.number("BIR", 0...2), .quantity("Offset", 3...31) { "0x" + hex($0 << 3, digits: 8) }]),
    ])
}
