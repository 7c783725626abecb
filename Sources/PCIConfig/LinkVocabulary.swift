/// Encodings that several link registers share.
enum LinkVocabulary {
  /// Speeds as PCIe 7.5.3.6 numbers them.
  static let speeds: [UInt64: String] = [
    1: "2.5GT/s", 2: "5GT/s", 3: "8GT/s", 4: "16GT/s", 5: "32GT/s", 6: "64GT/s",
  ]

  /// Transmitter preset and receiver hint of one lane in one byte, by each end of the link (PCIe 7.7.5.9).
  static let lanePresets: [BitField] = [
    .number("DSPTxPreset", 0...3), .number("USPTxPreset", 4...7),
  ]

  static func width(_ value: UInt64) -> String { "x\(value)" }

  /// One byte of presets a lane, from `start` on.
  static func laneRegisters(_ view: CapabilityView, at start: Int) -> [Register] {
    (0..<view.laneCount).map {
      Register("LaneEqCtl\($0)", at: start &+ $0, bytes: 1, lanePresets)
    }
  }

  /// What a structure with one byte a lane from `start` on takes, in whole words of four bytes.
  static func length(_ view: CapabilityView, lanesAt start: Int, bytesPerLane: Int) -> Int {
    start &+ ((view.laneCount &* bytesPerLane &+ 3) & ~3)
  }
}
