import Devices
import Migration
import Reports
import StreamIO

extension ReportingCommand {
  /// Prints the report, and gives the devices to whoever is to hold them, even if nobody takes the
  /// report, which is that something was `done`.
  func keep(
    _ targets: [ReplayTarget], by keeper: DeviceKeeper, with report: some Report,
    _ summary: ReplaySummary, done: String
  ) throws {
    let devices = targets.map(\.device)
    if case .socket = keeper {
      do {
        try keeper.take(devices)
      } catch let error as CommandError {
        return try finish(with: report, DeviceFailure.unkept(error, summary, targets))
      }
    }
    var lost: CommandError?
    do throws(StreamIOError) {
      try TextOutput.show(report, asJSON: json)
    } catch {
      lost = DeviceFailure.reportLost(
        error, done: done, summary.devices.map(FailureReport.Device.init))
    }
    switch keeper {
    case .nobody: warn(devices)
    case .socket: break
    case .command, .signal:
      // A command takes the place of this one, which says it before.
      if let message = lost?.message, case .command = keeper {
        StandardError.print("ferry: \(message)")
      }
      do {
        try keeper.take(devices)
      } catch let error as CommandError {
        throw DeviceFailure.unkept(error, summary, targets).reported(json)
      }
    }
    if let lost { throw lost }
  }

  /// Says of devices that are reset when their last descriptor closes that what was restored goes
  /// with this process.
  private func warn(_ devices: [any MigratableDevice]) {
    for device in devices { device.warnOfConnectionEnd() }
    for device in devices where device.isResetWhenClosed {
      StandardError.print(
        "ferry: \(device.name): its driver resets it when nobody has it open, so what was restored ends with "
          + "this command; --then, --hand-over or --hold keep it")
    }
  }
}

extension FailureReport.Device {
  /// A target, and how it was left.
  init(_ device: ReplaySummary.Device) {
    self.init(device.number, name: device.name, outcome: device.outcome)
  }
}
