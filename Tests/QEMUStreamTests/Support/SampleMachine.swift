import ByteIO
import QEMUStream
import TestSupport

/// A machine made up for tests: RAM, two VFIO devices, a device between them that no reader knows.
struct SampleMachine {
  /// Nil for a machine that writes neither a configuration nor footers.
  var configuration: QEMUConfiguration? = QEMUConfiguration(machine: "pc-q35-9.2")
  var first = SampleDevice(id: "0000:00:01.0/vfio", section: 7)
  var second = SampleDevice(id: "0000:00:02.0/vfio", section: 8)
  /// What the device between holds.
  var stranger: [UInt8] = [1, 2, 3, 4, 5]
  var blocks: [(name: String, byteCount: UInt64)] = [("pc.ram", 1 << 20), ("vga.vram", 1 << 16)]
  /// Where the description says otherwise than the sections.
  var description: String?
  var isDescribed = true
  /// Whether the source opens the return path before it sends any device.
  var hasReturnPath = false

  var stream: [UInt8] {
    var writer = QEMUStreamWriter(configuration)
    if hasReturnPath { writer.command(1) }
    writer.section(.start, id: 1, name: "ram", version: 4) { content in
      content.blocks(blocks)
      content.endOfRAM()
    }
    for device in [first, second] { device.writeStart(to: &writer) }
    writer.section(.part, id: 1) { content in
      content.page([UInt8](repeating: 7, count: 4096), at: 0, of: "pc.ram")
      content.filledPage(at: 4096)
      content.delta([1, 2, 3], at: 0)
      content.compressedPage([4, 5], at: 8192)
      content.multifdFlush()
      content.filledPage(9, at: 4096, of: "vga.vram")
      content.endOfRAM()
    }
    for device in [first, second] { device.writeParts(to: &writer) }
    writer.command(11)
    writer.section(.end, id: 1) { $0.endOfRAM() }
    for device in [first, second] { device.writeEnd(to: &writer) }
    writer.section(.full, id: 5, name: "stranger", instance: 3) { $0.writer.append(stranger) }
    for device in [first, second] { device.writeFull(to: &writer) }
    if isDescribed { writer.end(description: description) } else { writer.endWithoutDescription() }
    return writer.bytes
  }
}

/// A VFIO device of such a machine.
struct SampleDevice {
  var id: String
  var section: UInt32
  /// State of pre-copy, a section for each, with a record for each of its parts.
  var rounds: [[[UInt8]]] = [[[1, 2, 3]], [], [[4], [5, 6]]]
  /// State of stop-copy, a record for each.
  var stopCopy: [[UInt8]] = [[7, 8, 9, 10], [11]]
  /// Whether the first round ends the initial data.
  /// The rounds that end what a device has to send first; from QEMU 11.1 on there may be several.
  var roundsOfInitialData: Set<Int> = [0]
  var configuration = VFIOConfiguration(space: SampleDevice.space())
  /// Whether stop-copy state and configuration go over other channels.
  var usesMultifd = false

  /// A space with an MSI-X capability of so many vectors, or without.
  static func space(byteCount: Int = 256, vectors: Int = 0) -> [UInt8] {
    var space = [UInt8](repeating: 0, count: byteCount)
    space.replaceSubrange(0..<4, with: [0x48, 0x43, 0x53, 0x32])
    guard vectors > 0 else { return space }
    space[6] = 0x10
    space[0x34] = 0x40
    space[0x40] = 0x11
    space[0x42] = UInt8(truncatingIfNeeded: vectors - 1)
    space[0x43] = UInt8(truncatingIfNeeded: (vectors - 1) >> 8) | 0x80
    return space
  }

  /// A record with so many MSI-X vectors, each byte of their table another.
  static func configuration(byteCount: Int = 256, vectors: Int) -> VFIOConfiguration {
    VFIOConfiguration(
      space: space(byteCount: byteCount, vectors: vectors), assertedPins: 0b0101,
      msixTable: (0..<vectors * 16).map { UInt8(truncatingIfNeeded: $0 &* 7) },
      msixPendingBits: [UInt8](repeating: 0x81, count: (vectors + 7) / 8))
  }

  var state: [UInt8] { rounds.flatMap { $0.flatMap(\.self) } + stopCopy.flatMap(\.self) }

  func writeStart(to writer: inout QEMUStreamWriter) {
    writer.section(.start, id: section, name: id) { content in
      content.record(.setup)
      content.record(.endOfState)
    }
  }

  func writeParts(to writer: inout QEMUStreamWriter) {
    for (number, round) in rounds.enumerated() {
      writer.section(.part, id: section) { content in
        for piece in round { content.data(piece) }
        content.record(roundsOfInitialData.contains(number) ? .initialDataSent : .endOfState)
      }
    }
  }

  func writeEnd(to writer: inout QEMUStreamWriter) {
    writer.section(.end, id: section) { content in
      if !usesMultifd { for piece in stopCopy { content.data(piece) } }
      content.record(.endOfState)
    }
  }

  func writeFull(to writer: inout QEMUStreamWriter) {
    writer.section(.full, id: section, name: id) { content in
      if usesMultifd {
        content.record(.configurationLoadReady)
      } else {
        content.configuration(configuration)
        content.record(.endOfState)
      }
    }
  }

  /// The packets of the device: those of its state, and that of its configuration.
  var packets: [(index: UInt32, data: [UInt8], isConfiguration: Bool)] {
    var content = QEMUSectionContent()
    content.configuration(configuration)
    content.record(.endOfState)
    let state = stopCopy.enumerated().map { (UInt32($0), $1, false) }
    return state + [(UInt32(stopCopy.count), content.writer.bytes, true)]
  }
}
