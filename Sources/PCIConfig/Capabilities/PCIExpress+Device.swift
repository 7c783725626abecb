extension CapabilityFormat {
  /// PCIe 7.5.3.3 to 7.5.3.5 and 7.5.3.15 to 7.5.3.17.
  static let expressDevice: [Register] = [
    Register(
      "DevCap", at: 0x04, bytes: 4,
      [
        .quantity("MaxPayload", 0...2, payload),
        .number("PhantFunc", 3...4),
        .flag("ExtTag", 5),
        .choice(
          "L0sLatency", 6...8,
          [
            0: "<64ns", 1: "<128ns", 2: "<256ns", 3: "<512ns", 4: "<1us", 5: "<2us", 6: "<4us",
            7: "unlimited",
          ]),
        .choice(
          "L1Latency", 9...11,
          [
            0: "<1us", 1: "<2us", 2: "<4us", 3: "<8us", 4: "<16us", 5: "<32us", 6: "<64us",
            7: "unlimited",
          ]),
        .flag("AttnBtn", 12),
        .flag("AttnInd", 13),
        .flag("PwrInd", 14),
        .flag("RBE", 15),
        .flag("ErrCorSubclass", 16),
        .flag("RxMPSFixed", 17),
        .number("SlotPowerLimit", 18...25),
        .choice("SlotPowerScale", 26...27, powerScale),
        .flag("FLReset", 28),
        .flag("MixedMPS", 29),
        .flag("TEE-IO", 30),
      ]),
    Register(
      "DevCtl", at: 0x08, bytes: 2,
      [
        .flag("CorrErr", 0),
        .flag("NonFatalErr", 1),
        .flag("FatalErr", 2),
        .flag("UnsupReq", 3),
        .flag("RlxdOrd", 4),
        .quantity("MaxPayload", 5...7, payload),
        .flag("ExtTag", 8),
        .flag("PhantFunc", 9),
        .flag("AuxPwr", 10),
        .flag("NoSnoop", 11),
        .quantity("MaxReadReq", 12...14, payload),
        .flag("FLReset", 15),
      ]),
    Register(
      "DevSta", at: 0x0a, bytes: 2,
      [
        .flag("CorrErr", 0),
        .flag("NonFatalErr", 1),
        .flag("FatalErr", 2),
        .flag("UnsupReq", 3),
        .flag("AuxPwr", 4),
        .flag("TransPend", 5),
        .flag("EmergencyPowerReduction", 6),
      ]),
    Register(
      "DevCap2", at: 0x24, bytes: 4,
      [
        .choice(
          "CompletionTimeout", 0...3,
          [
            0: "not supported", 1: "range A", 2: "range B", 3: "ranges A and B",
            6: "ranges B and C", 7: "ranges A to C", 14: "ranges B to D", 15: "ranges A to D",
          ]),
        .flag("TimeoutDis", 4),
        .flag("ARIFwd", 5),
        .flag("AtomicOpsRouting", 6),
        .flag("32bitAtomicOps", 7),
        .flag("64bitAtomicOps", 8),
        .flag("128bitCAS", 9),
        .flag("NROPrPrP", 10),
        .flag("LTR", 11),
        .choice(
          "TPHCompleter", 12...13, [0: "none", 1: "TPH", 3: "TPH and extended TPH"]),
        .flag("10BitTagComp", 16),
        .flag("10BitTagReq", 17),
        .choice(
          "OBFF", 18...19,
          [0: "not supported", 1: "message", 2: "WAKE#", 3: "message and WAKE#"]),
        .flag("ExtFmt", 20),
        .flag("EETLPPrefix", 21),
        .quantity("MaxEETLPPrefixes", 22...23) { "\($0 == 0 ? 4 : $0)" },
        .choice(
          "EmergencyPowerReduction", 24...25,
          [0: "not supported", 1: "device or form factor", 2: "form factor only"]),
        .flag("EmergencyPowerReductionInit", 26),
        .flag("DMWrCompleter", 28),
        .choice("DMWrLength", 29...30, [0: "64B", 1: "128B"]),
        .flag("FRS", 31),
      ], if: expressIsVersion2),
    Register(
      "DevCtl2", at: 0x28, bytes: 2,
      [
        .choice(
          "CompletionTimeout", 0...3,
          [
            0: "50us to 50ms", 1: "50us to 100us", 2: "1ms to 10ms", 5: "16ms to 55ms",
            6: "65ms to 210ms", 9: "260ms to 900ms", 10: "1s to 3.5s", 13: "4s to 13s",
            14: "17s to 64s",
          ]),
        .flag("TimeoutDis", 4),
        .flag("ARIFwd", 5),
        .flag("AtomicOpsReq", 6),
        .flag("AtomicOpsEgressBlck", 7),
        .flag("IDOReq", 8),
        .flag("IDOCompl", 9),
        .flag("LTR", 10),
        .flag("EmergencyPowerReductionReq", 11),
        .flag("10BitTagReq", 12),
        .choice(
          "OBFF", 13...14,
          [0: "disabled", 1: "message A", 2: "message B", 3: "WAKE#"]),
        .flag("EETLPPrefixBlk", 15),
      ], if: expressIsVersion2),
    Register("DevSta2", at: 0x2a, bytes: 2, if: expressIsVersion2),
  ]

  static let powerScale: [UInt64: String] = [0: "1W", 1: "0.1W", 2: "0.01W", 3: "0.001W"]

  /// Payload and read request sizes: 128 bytes shifted by the value.
  @Sendable private static func payload(_ value: UInt64) -> String {
    value <= 5 ? "\(128 << value) bytes" : "reserved (\(value))"
  }
}
