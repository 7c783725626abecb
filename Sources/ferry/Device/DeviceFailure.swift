import Devices
import Migration
import Reports
import StateTranslation
import StreamIO

/// What a command says and ends with when an engine could not do its work.
enum DeviceFailure {
  /// `device 0 (emulated:mtty): the arc STOP -> RESUMING: EIO (input/output error)`, with what the
  /// driver means by it.
  static func text(
    _ error: DeviceError, _ number: UInt16, _ device: (any MigratableDevice)?
  ) -> String {
    let name = device.map { " (\($0.name))" } ?? ""
    let meaning = error.explanation(driver: device?.driver).map { ": \($0)" } ?? ""
    return "device \(number)\(name): \(error)\(meaning)"
  }

  /// What became of the devices, a line each.
  private static func text(_ outcomes: [(UInt16, DeviceOutcome)]) -> String {
    outcomes.map { "\n  device \($0) \($1)" }.joined()
  }

  static func capture(
    _ error: CaptureError<StreamIOError>, _ devices: [any MigratableDevice]
  ) -> CommandError {
    var outcomes = text(Array(zip((0 as UInt16)..., error.outcomes)))
    if error.isStreamWhole { outcomes = "; the stream is whole all the same" + outcomes }
    if let signal = SignalGuard.signal {
      return .signal(signal, "capture ended by a signal" + outcomes)
    }
    switch error.cause {
    case .refused(let refusal):
      guard case .noPeerToPeer = refusal else { return .no("\(refusal)") }
      return .no("\(refusal); --without-p2p captures all the same")
    case .device(let cause, let number):
      return .device(text(cause, number, devices[Int(number)]) + outcomes)
    case .sink(let cause):
      return (CommandError(cause) ?? .damaged("\(cause)")).adding(outcomes)
    case .cancelled: return .no("capture cancelled" + outcomes)
    }
  }

  /// What to say of a device of which nothing but the opening reached its driver; nil if that
  /// does nothing to it.
  static func untouched(_ device: any MigratableDevice) -> String? {
    guard device.isResetWhenClosed else { return nil }
    return "its driver reset it when it was opened; nothing else was touched"
  }

  /// That no device was touched but by its opening.
  static func untouched(_ targets: [ReplayTarget]) -> String {
    let lines = targets.compactMap { target in
      untouched(target.device).map { "\n  device \(target.number): \($0)" }
    }
    if lines.count < targets.count {
      return lines.joined() + "\n  no \(lines.isEmpty ? "" : "other ")device was touched"
    }
    return lines.joined()
  }

  static func replay(
    _ error: ReplayError<StreamIOError>, _ targets: [ReplayTarget], _ arguments: ReplayArguments
  ) -> CommandError {
    let path = arguments.path
    var outcomes = text(error.outcomes.sorted { $0.key < $1.key })
    if outcomes.isEmpty { outcomes = untouched(targets) }
    if let signal = SignalGuard.signal {
      return .signal(signal, "replay ended by a signal" + outcomes)
    }
    switch error.cause {
    case .incompatible(let report):
      return .no(
        ([report.refusal(of: path)] + report.reasons(arguments)).joined(separator: "\n  ")
          + outcomes)
    case .device(let cause, let number):
      let device = targets.first { $0.number == number }?.device
      let place = error.place.map { ", at record \($0.record) (offset \($0.recordOffset))" } ?? ""
      return .device(text(cause, number, device) + "; \(path)\(place)" + outcomes)
    case .source(let cause):
      return (CommandError(cause) ?? .damaged("\(cause)")).adding(outcomes)
    case .unverified(let number):
      return .damaged(
        "\(path): expected a digest of device \(number) that is known here, found none" + outcomes)
    case .cancelled: return .no("replay cancelled" + outcomes)
    }
  }
}
