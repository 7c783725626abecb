extension CapabilityTable {
  /// PCIe 7.5.3.12 to 7.5.3.14; root ports and event collectors have them.
  static let expressRoot: [Register] = [
    Register(
      "RootCtl", at: 0x1c, bytes: 2,
      [
        .flag("ErrCorrectable", 0), .flag("ErrNon-Fatal", 1), .flag("ErrFatal", 2),
        .flag("PMEIntEna", 3), .flag("CRSVisible", 4), .flag("NoNFMSubtree", 5),
      ], if: expressIsRoot),
    Register("RootCap", at: 0x1e, bytes: 2, [.flag("CRSVisible", 0)], if: expressIsRoot),
    Register(
      "RootSta", at: 0x20, bytes: 4,
      [.hex("PMEReqID", 0...15), .flag("PMEStatus", 16), .flag("PMEPending", 17)],
      if: expressIsRoot),
  ]
}
