/// The registers of the configuration space's first 64 bytes.
public enum HeaderTable {
  /// What every header type begins with (PCIe 7.5.1.1).
  public static let common: [Register] = [
    Register("VendorID", at: 0x00, bytes: 2),
    Register("DeviceID", at: 0x02, bytes: 2),
    Register(
      "Control", at: 0x04, bytes: 2,
      [
        .flag("I/O", 0), .flag("Mem", 1), .flag("BusMaster", 2), .flag("SpecCycle", 3),
        .flag("MemWINV", 4), .flag("VGASnoop", 5), .flag("ParErr", 6), .flag("Stepping", 7),
        .flag("SERR", 8), .flag("FastB2B", 9), .flag("DisINTx", 10),
      ]),
    Register(
      "Status", at: 0x06, bytes: 2,
      [
        .flag("ImmReady", 0), .flag("INTx", 3), .flag("Cap", 4), .flag("66MHz", 5),
        .flag("UDF", 6), .flag("FastB2B", 7), .flag("ParErr", 8),
        .choice("DEVSEL", 9...10, [0: "fast", 1: "medium", 2: "slow"]),
        .flag(">TAbort", 11), .flag("<TAbort", 12), .flag("<MAbort", 13), .flag(">SERR", 14),
        .flag("<PERR", 15),
      ]),
    Register("RevisionID", at: 0x08, bytes: 1),
    Register(
      "ClassCode", at: 0x09, bytes: 3,
      [.hex("ProgIf", 0...7), .hex("Subclass", 8...15), .hex("BaseClass", 16...23)]),
    Register("CacheLineSize", at: 0x0c, bytes: 1),
    Register("LatencyTimer", at: 0x0d, bytes: 1),
    Register(
      "HeaderType", at: 0x0e, bytes: 1, [.number("Layout", 0...6), .flag("MultiFunction", 7)]),
    Register(
      "BIST", at: 0x0f, bytes: 1,
      [.number("CompletionCode", 0...3), .flag("Start", 6), .flag("Capable", 7)]),
  ]

  private static func region(_ index: Int) -> Register {
    Register("BAR\(index)", at: 0x10 + 4 * index, bytes: 4)
  }

  private static let expansionROM: [BitField] = [
    .flag("Enable", 0), .number("ValidationStatus", 1...3), .number("ValidationDetails", 4...7),
    .hex("Base", 11...31),
  ]

  private static let interrupt: [Register] = [
    Register("InterruptLine", at: 0x3c, bytes: 1),
    Register("InterruptPin", at: 0x3d, bytes: 1),
  ]

  /// The rest of a type 0 header: endpoints (PCIe 7.5.1.2).
  public static let endpoint: [Register] =
    (0..<6).map(region) + [
      Register("CardbusCISPointer", at: 0x28, bytes: 4),
      Register("SubsystemVendorID", at: 0x2c, bytes: 2),
      Register("SubsystemID", at: 0x2e, bytes: 2),
      Register("ExpansionROM", at: 0x30, bytes: 4, expansionROM),
      Register("CapabilitiesPointer", at: 0x34, bytes: 1),
    ] + interrupt + [
      Register("MinGnt", at: 0x3e, bytes: 1),
      Register("MaxLat", at: 0x3f, bytes: 1),
    ]

  /// The rest of a type 1 header: bridges, ports (PCIe 7.5.1.3).
  public static let bridge: [Register] =
    (0..<2).map(region) + [
      Register("PrimaryBus", at: 0x18, bytes: 1),
      Register("SecondaryBus", at: 0x19, bytes: 1),
      Register("SubordinateBus", at: 0x1a, bytes: 1),
      Register("SecondaryLatencyTimer", at: 0x1b, bytes: 1),
      Register("IOBase", at: 0x1c, bytes: 1, [.number("Type", 0...3), .hex("Base", 4...7)]),
      Register("IOLimit", at: 0x1d, bytes: 1, [.number("Type", 0...3), .hex("Limit", 4...7)]),
      Register(
        "SecondaryStatus", at: 0x1e, bytes: 2,
        [
          .flag("66MHz", 5), .flag("FastB2B", 7), .flag("ParErr", 8),
          .choice("DEVSEL", 9...10, [0: "fast", 1: "medium", 2: "slow"]),
          .flag(">TAbort", 11), .flag("<TAbort", 12), .flag("<MAbort", 13), .flag("<SERR", 14),
          .flag("<PERR", 15),
        ]),
      Register("MemoryBase", at: 0x20, bytes: 2),
      Register("MemoryLimit", at: 0x22, bytes: 2),
      Register("PrefetchableBase", at: 0x24, bytes: 2),
      Register("PrefetchableLimit", at: 0x26, bytes: 2),
      Register("PrefetchableBaseUpper", at: 0x28, bytes: 4),
      Register("PrefetchableLimitUpper", at: 0x2c, bytes: 4),
      Register("IOBaseUpper", at: 0x30, bytes: 2),
      Register("IOLimitUpper", at: 0x32, bytes: 2),
      Register("CapabilitiesPointer", at: 0x34, bytes: 1),
      Register("ExpansionROM", at: 0x38, bytes: 4, expansionROM),
    ] + interrupt + [
      Register(
        "BridgeCtl", at: 0x3e, bytes: 2,
        [
          .flag("Parity", 0), .flag("SERR", 1), .flag("NoISA", 2), .flag("VGA", 3),
          .flag("VGA16", 4), .flag("MAbort", 5), .flag(">Reset", 6), .flag("FastB2B", 7),
          .flag("PriDiscTmr", 8), .flag("SecDiscTmr", 9), .flag("DiscTmrStat", 10),
          .flag("DiscTmrSERREn", 11),
        ])
    ]
}
