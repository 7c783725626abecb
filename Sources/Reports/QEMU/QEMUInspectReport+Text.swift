import ByteIO
import QEMUStream

extension QEMUInspectReport {
  /// A page: the machine, its memory and sections, and below them each VFIO device.
  public var text: String { lines.joined(separator: "\n") }

  private var lines: [String] {
    let state = content.defect == nil ? "whole" : catalog.isComplete ? "damaged" : "NOT WHOLE"
    var lines = ["\(TerminalText.text(path)): QEMU migration stream, \(state)"]
    if let image {
      lines.append(
        "  within    a libvirt save image of version \(image.version), from \(image.streamOffset) "
          + "on, format \(image.format), of a machine that "
          + (image.wasRunning ? "ran" : "did not run"))
    }
    if let offset { lines.append("  within    a larger file, from \(offset) on") }
    if let configuration = catalog.configuration { lines += self.lines(configuration) }
    lines.append("  read      \(catalog.byteCount) bytes")
    if let defect = content.defect {
      lines.append("  damage    \(TerminalText.text("\(defect.error)"))")
    }
    lines += memory
    lines += sections
    if !catalog.commandCounts.isEmpty {
      let counts = catalog.commandCounts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      lines.append("  commands  \(counts.joined(separator: ", "))")
    }
    lines += catalog.findings.map { "  note      \(TerminalText.text($0))" }
    for (number, device) in catalog.vfioDevices.enumerated() {
      lines += [""] + self.lines(number, device)
    }
    if catalog.vfioDevices.isEmpty { lines += ["", "no VFIO device"] }
    return lines
  }

  private func lines(_ configuration: QEMUConfiguration) -> [String] {
    var lines = [
      "  machine   \(TerminalText.text(configuration.machine)), pages of "
        + QuantityText.bytes(1 << UInt64(configuration.pageBits))
    ]
    if let uuid = configuration.uuid { lines.append("  uuid      \(hex(uuid))") }
    if !configuration.capabilities.isEmpty {
      let names = configuration.capabilities.map(TerminalText.text)
      lines.append("  with      \(names.joined(separator: ", "))")
    }
    return lines
  }

  // MARK: Memory and sections

  private var memory: [String] {
    let ram = catalog.ram
    guard !ram.blocks.isEmpty else { return [] }
    var head =
      "  memory    \(QuantityText.bytes(ram.byteCount)) in "
      + "\(QuantityText.count(ram.blocks.count, "block")): \(Self.text(ram.pages))"
    if ram.multifdFlushCount > 0 {
      head += ", \(QuantityText.count(ram.multifdFlushCount, "multifd flush point"))"
    }
    let width = ram.blocks.reduce(0) { max($0, TerminalText.text($1.name).count) }
    return [head]
      + ram.blocks.map { block in
        "    \(TerminalText.text(block.name).padded(to: width))  "
          + "\(QuantityText.bytes(block.byteCount).padded(to: 10))  \(Self.text(block.pages))"
          + (block.mapping.map { ", mapped from \($0.pagesOffset)" } ?? "")
      }
  }

  private static func text(_ pages: RAMBlock.Pages) -> String {
    var parts: [String] = []
    for (count, what) in [
      (pages.normal, "sent"), (pages.zero, "filled"), (pages.delta, "as changes"),
      (pages.compressed, "compressed"),
    ] where count > 0 {
      parts.append("\(parts.isEmpty ? QuantityText.count(count, "page") : "\(count)") \(what)")
    }
    return parts.isEmpty ? "no pages" : parts.joined(separator: ", ")
  }

  private var sections: [String] {
    guard !catalog.sections.isEmpty else { return [] }
    return [
      "  sections  \(QuantityText.count(catalog.sections.count, "device"))",
      "          offset       bytes  id   pieces  device",
    ]
      + catalog.sections.map { section in
        let name = TerminalText.text(section.name)
        let instance = section.instance == 0 ? "" : ", instance \(section.instance)"
        return "    \("\(section.offset)".leading(12))\("\(section.byteCount)".leading(12))  "
          + "\("\(section.id)".padded(to: 4)) \("\(section.count)".padded(to: 6))  \(name)\(instance)"
      }
  }

  // MARK: VFIO devices

  private func lines(_ number: Int, _ device: VFIODeviceSummary) -> [String] {
    var lines = ["VFIO device \(number): \(TerminalText.text(device.id))"]
    if device.instance != 0 { lines[0] += ", instance \(device.instance)" }
    lines.append(
      "  state     \(QuantityText.bytes(device.stateByteCount)): "
        + "\(QuantityText.bytes(device.preCopyByteCount)) pre-copy, "
        + "\(QuantityText.bytes(device.stopCopyByteCount)) stop-copy")
    let counts = VFIORecord.Kind.allCases.compactMap { kind in
      device.recordCounts[kind].map { "\($0) \(kind)" }
    }
    var records = "  records   \(device.recordCount): \(counts.joined(separator: ", "))"
    if let packets = device.packetCount {
      records += ", \(QuantityText.count(packets, "multifd packet"))"
    }
    lines.append(records)
    lines.append(
      "  layout    "
        + (device.layoutText.map { "identified as \($0)" } ?? "not identified"))
    if let configuration = device.configuration { lines += self.lines(configuration, device) }
    lines += device.findings.map { "  note      \(TerminalText.text($0))" }
    return lines
  }

  private func lines(
    _ configuration: VFIOConfiguration, _ device: VFIODeviceSummary
  ) -> [String] {
    let pins = (0..<4).filter { configuration.assertedPins >> $0 & 1 != 0 }.map {
      "INT\(["A", "B", "C", "D"][$0])"
    }
    var lines = [
      "  interrupt \(pins.isEmpty ? "no pin" : pins.joined(separator: ", ")) asserted, "
        + QuantityText.count(configuration.vectorCount, "MSI-X vector"),
      "  config    \(configuration.space.count) bytes, as where END_OF_STATE falls tells",
    ]
    if let report = device.spaceReport {
      lines += report.text.split(separator: "\n").map { "    " + $0 }
    }
    return lines
  }
}
