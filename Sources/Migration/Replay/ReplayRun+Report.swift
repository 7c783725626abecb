import Devices
import MigrationStream

extension ReplayRun {
  /// What the targets cannot take of the stream.
  mutating func report() throws(Failure) -> CompatibilityReport {
    var report = CompatibilityReport()
    var lacking: [(UInt16, MigrationAbilities)] = []
    for introduction in introductions {
      let number = introduction.number
      guard let target = engine.targets.first(where: { $0.number == number }) else {
        report.add(number, "target", wanted: "a device to take it", found: "none")
        continue
      }
      let judgement = judgement(of: target)
      let options = engine.options
      let (check, abilities) = try asking(number) {
        () throws(DeviceError) -> (CompatibilityCheck, MigrationAbilities) in
        var check = CompatibilityCheck(
          wanted: introduction, device: target.device, profile: target.profile,
          judgement: judgement, options: options, report: report)
        check.guestSpaceServer = target.guestSpaceServer
        try check.run()
        return (check, try target.device.abilities())
      }
      report = check.report
      note(check.facts, of: number)
      if !abilities.contains(.peerToPeer) { lacking.append((number, abilities)) }
    }
    for target in engine.targets where Int(target.number) >= introductions.count {
      report.add(
        target.number, "stream", wanted: "a device for \(target.device.name)",
        found: "\(introductions.count) in the stream")
    }
    if introductions.count > 1, engine.options.parts.contains(.state),
      !engine.options.allowsMissingP2P
    {
      for (number, abilities) in lacking {
        report.add(
          number, "several devices", wanted: "P2P, so that none runs before all are restored",
          found: "\(abilities)")
      }
    }
    return report
  }
}
