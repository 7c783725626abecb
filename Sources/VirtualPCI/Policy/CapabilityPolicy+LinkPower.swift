import PCIConfig

// Capabilities about the link's power and time. The guest's link is the VMM's, so they are emulated
// whole.
extension CapabilityPolicy {
  static let latencyTolerance = CapabilityPolicy(
    "ltr", .latencyToleranceReporting,
    purpose: "a guest's platform sets the latencies that the link may take",
    presence: .synthetic("the link that the guest sees is the VMM's"),
    byteCount: { _ in 8 },
    registers: { _ in
      let source = Citation.vfio(
        "no writable bits for LTR: the platform's latencies are the host's")
      return [
        RegisterPolicy(
          "max-snoop-latency", at: 4, bytes: 2,
          [BitRule(0x1fff, "max snoop latency", .emulated, from: source)], from: .pcie("7.8.2.2")),
        RegisterPolicy(
          "max-no-snoop-latency", at: 6, bytes: 2,
          [BitRule(0x1fff, "max no-snoop latency", .emulated, from: source)],
          from: .pcie("7.8.2.3")),
      ]
    })

  static let l1Substates = CapabilityPolicy(
    "l1ss", .l1PMSubstates,
    purpose: "a guest puts the link to sleep through it",
    presence: .synthetic("the link that the guest sees is the VMM's"),
    byteCount: { _ in 16 },
    registers: { _ in
      let source = Citation.vfio("hidden from guests: the link is the host's")
      return [
        RegisterPolicy(
          "capabilities", at: 4, bytes: 4,
          [
            BitRule(0x0000_001f, "L1 substates", .constant, .commonShown, from: .pcie("7.8.3.2")),
            BitRule(
              0x00fb_ff00, "restore and power-on times", .constant, .first, from: .pcie("7.8.3.2")),
          ], from: .pcie("7.8.3.2")),
        RegisterPolicy(
          "control-1", at: 8, bytes: 4,
          [BitRule(0xe3ff_ff0f, "L1 substates control 1", .emulated, from: source)],
          from: .pcie("7.8.3.3")),
        RegisterPolicy(
          "control-2", at: 12, bytes: 4,
          [BitRule(0x0000_00fb, "L1 substates control 2", .emulated, from: source)],
          from: .pcie("7.8.3.4")),
      ]
    })

  static let precisionTime = CapabilityPolicy(
    "ptm", .precisionTimeMeasurement,
    purpose: "a guest compares the device's clock with its own",
    presence: .synthetic("VFIO hides it, so no guest's enable reaches the device"),
    byteCount: { _ in 12 },
    registers: { _ in
      [
        RegisterPolicy(
          "capabilities", at: 4, bytes: 4,
          [
            BitRule(
              0x0000_0001, "requester capable", .constant, .commonShown, from: .pcie("7.9.15.2")),
            BitRule(
              0x0000_ff00, "local clock granularity", .constant, .first, from: .pcie("7.9.15.2")),
          ], from: .pcie("7.9.15.2")),
        RegisterPolicy(
          "control", at: 8, bytes: 4,
          [
            BitRule(
              0x0000_ff01, "enable and effective granularity", .emulated,
              from: .vfio("hidden from guests: the clock is the host's"))
          ], from: .pcie("7.9.15.3")),
      ]
    })
}
