extension CapabilityTable {
  /// PCIe 7.7.10: control and status for each lane.
  static let laneMargining = CapabilityTable(
    .laneMargining, "Lane Margining at the Receiver",
    length: { LinkVocabulary.length($0, lanesAt: 8, bytesPerLane: 4) },
    registers: [
      Register("PortCap", at: 4, bytes: 2, [.flag("Driver", 0)]),
      Register("PortSta", at: 6, bytes: 2, [.flag("MargReady", 0), .flag("MargSoftReady", 1)]),
    ],
    variableRegisters: { view in
      (0..<view.laneCount).flatMap { lane in
        [
          Register("LaneCtl\(lane)", at: 8 &+ 4 &* lane, bytes: 2, margin),
          Register("LaneSta\(lane)", at: 10 &+ 4 &* lane, bytes: 2, margin),
        ]
      }
    })

  private static let margin: [BitField] = [
    .number("Receiver", 0...2), .number("Type", 3...5), .number("Usage", 6...6),
    .hex("Payload", 8...15),
  ]
}
