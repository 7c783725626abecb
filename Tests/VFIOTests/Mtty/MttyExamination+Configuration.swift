import ByteIO
import Devices

extension MttyExamination {
  /// Reads the configuration region, and writes to every place of it in every width.
  func configure() throws {
    var space = try device.configurationSpace()
    note("configuration", hex(space))
    for width in [1, 2, 4, 8] {
      for offset in 0...space.count where !Self.cutsBAR(at: offset, width) {
        for byte in [0xff, 0x5a, 0] as [UInt8] {
          let bytes = [UInt8](repeating: byte, count: width)
          let call = "configuration write \(hex(bytes)) at \(offset)"
          let result = answer { () throws(DeviceError) in
            try device.writeConfiguration(bytes, at: offset)
            return "taken"
          }
          // Most places keep nothing, which the line behind them says.
          let now = try device.configurationSpace()
          if result != "taken" || now != space { note(call, result + changes(space, now)) }
          space = now
        }
      }
      note("configuration after width \(width)", hex(space))
    }
    // The values with a meaning, and bits that stay once they are set.
    for offset in [0x10, 0x14] {
      for value in [0xffff_ffff, 0xc000, 0xffff_fffe, 0xd008, 0xffff_ffff, 0xc002, 0] as [UInt32] {
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        try device.writeConfiguration(bytes, at: offset)
        let now = try device.configurationSpace()
        note(
          "BAR at \(offset), \(hex(value, digits: 8))",
          hex(now[offset..<offset + 4]) + changes(space, now))
        space = now
      }
    }
  }

  /// Whether the driver finds a word in such a write that begins a BAR and is shorter than it.
  private static func cutsBAR(at offset: Int, _ width: Int) -> Bool {
    [0x10, 0x14].contains { $0 >= offset && $0 < offset + width && $0 + 4 > offset + width }
  }

  private func changes(_ before: [UInt8], _ after: [UInt8]) -> String {
    before.indices.filter { before[$0] != after[$0] }
      .map { " \(hex($0))=\(hex(after[$0], digits: 2))" }.joined()
  }
}
