extension CapabilityTable {
  /// PCIe 7.8.2.
  static let latencyToleranceReporting = CapabilityTable(
    .latencyToleranceReporting, "Latency Tolerance Reporting", length: 8,
    registers: [
      Register("MaxSnoopLatency", at: 4, bytes: 2, [.quantity("Latency", 0...12, latency)]),
      Register("MaxNoSnoopLatency", at: 6, bytes: 2, [.quantity("Latency", 0...12, latency)]),
    ])

  /// A value of ten bits, times 32 to the power of the scale above it, in nanoseconds (PCIe 6.18).
  @Sendable static func latency(_ bits: UInt64) -> String {
    let scale = bits >> 10 & 7
    guard scale <= 5 else { return "reserved (\(bits))" }
    return "\((bits & 0x3ff) << (5 * scale))ns"
  }
}
