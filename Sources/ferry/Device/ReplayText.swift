import ByteIO
import Migration

/// What `ferry replay` tells a person.
enum ReplayText {
  static func progress(_ state: ReplayProgress, _ time: Duration) -> String {
    let verb =
      switch state.phase {
      case .checking: "checking"
      case .verifying: "verifying"
      case .writing: "writing"
      }
    var text = "\(verb): \(ByteSize.text(state.byteCount))"
    if let whole = state.expectedByteCount { text += " of about \(ByteSize.text(whole))" }
    let rate = Double(state.byteCount) / max(time / .seconds(1), 1e-6)
    return text + ", \(ByteSize.text(UInt64(rate)))/s"
  }

  static func check(_ summary: ReplaySummary, _ path: String) -> String {
    var lines = findings(summary.report)
    lines.append(
      summary.report.isCompatible
        ? "\(path): whole, and the devices can take it; reading it took "
          + "\(DurationOption.text(summary.duration)), and a restore takes at least that"
        : "\(path): whole, but the devices cannot take it")
    return lines.joined(separator: "\n")
  }

  private static func findings(_ report: CompatibilityReport) -> [String] {
    report.findings.map { finding in
      let mark = finding.severity == .note ? "note: " : ""
      return mark + Printable.text("\(finding)")
    }
  }

  static func summary(_ summary: ReplaySummary, _ path: String) -> String {
    var lines = findings(summary.report)
    lines.append(
      "\(path): \(Printable.count(summary.devices.count, "device")), "
        + "\(ByteSize.text(summary.byteCount)) of state in \(DurationOption.text(summary.duration))"
    )
    for device in summary.devices {
      lines.append(
        "device \(device.number) (\(device.name)): \(ByteSize.text(device.byteCount)), "
          + "\(Printable.count(device.bindingCount, "binding")); it \(device.outcome)")
      if device.wasReset {
        lines.append("  it was found in a state that another left, and was reset first")
      }
      for register in device.registers { lines.append("  \(text(register))") }
      lines.append("  \(StateTimes.text(device.timeInStates))")
    }
    lines.append("downtime: \(DurationOption.text(summary.downtime))")
    return lines.joined(separator: "\n")
  }

  private static func text(_ restored: ReplaySummary.RestoredRegister) -> String {
    let register = restored.register
    let digits = register.byteCount * 2
    var text =
      "\(register.name) at 0x\(hex(register.offset)): 0x\(hex(register.value, digits: digits))"
    if restored.droppedBits != 0 {
      text += ", but the device dropped 0x\(hex(restored.droppedBits, digits: digits))"
    }
    return text
  }
}
