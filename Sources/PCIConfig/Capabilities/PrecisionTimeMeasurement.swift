extension CapabilityTable {
  /// PCIe 7.9.15.
  static let precisionTimeMeasurement = CapabilityTable(
    .precisionTimeMeasurement, "Precision Time Measurement", length: 12,
    registers: [
      Register(
        "PTMCap", at: 4, bytes: 4,
        [
          .flag("Requester", 0), .flag("Responder", 1), .flag("Root", 2), .flag("ePTM", 3),
          .quantity("ClockGranularity", 8...15, granularity),
        ]),
      Register(
        "PTMCtl", at: 8, bytes: 4,
        [
          .flag("Enable", 0), .flag("RootSelected", 1),
          .quantity("EffectiveGranularity", 8...15, granularity),
        ]),
    ])

  @Sendable private static func granularity(_ value: UInt64) -> String {
    switch value {
    case 0: "unknown"
    case 255: ">254ns"
    default: "\(value)ns"
    }
  }
}
