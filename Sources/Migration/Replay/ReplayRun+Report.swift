import Devices
import MigrationStream

extension ReplayRun {
  /// What the targets cannot take of the stream.
  func report() throws(Failure) -> CompatibilityReport {
    tell(.checking, 0)
    var report = CompatibilityReport()
    var lacking: [(UInt16, MigrationAbilities)] = []
    for introduction in introductions {
      let number = introduction.number
      guard let target = engine.targets.first(where: { $0.number == number }) else {
        report.add(number, "target", wanted: "a device to take it", found: "none")
        continue
      }
      try asking(number) { () throws(DeviceError) in
        var check = CompatibilityCheck(
          wanted: introduction, device: target.device, profile: target.profile,
          judgement: target.judgement, options: engine.options, report: report)
        try check.run()
        report = check.report
        let abilities = try target.device.abilities()
        if !abilities.contains(.peerToPeer) { lacking.append((number, abilities)) }
      }
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
