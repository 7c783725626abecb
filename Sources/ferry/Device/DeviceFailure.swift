import DeviceServer
import Devices
import Handover
import Migration
import Reports
import StateTranslation
import StreamIO
import SystemPackage

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

  /// The error with what became of the devices, whose exit code it has if one lost its state (6) or
  /// was not brought back (7).
  private static func ending(
    _ error: CommandError, _ devices: [FailureReport.Device]
  ) -> CommandError {
    var result = error
    result.devices = devices
    for device in devices {
      switch device.outcome {
      case .fresh, .reset: result.code = result.code == 7 ? 7 : 6
      case .unusable: result.code = 7
      case .runningAsBefore, .restored, .stopped, nil: break
      }
    }
    return result
  }

  /// The end of a command that did its work, and could only not say so.
  static func reportLost(
    _ error: StreamIOError, done: String, _ devices: [FailureReport.Device]
  ) -> CommandError {
    let outcomes = devices.compactMap { device in device.outcome.map { (device.number, $0) } }
    var result = CommandError.input(
      "\(error.path == "-" ? "standard output" : error.path): \(CommandError.reason(error)): "
        + "the report is lost; \(done)\(text(outcomes))"
    ).about(ErrorDetail(error))
    result.devices = devices
    return result
  }

  /// The end of a replay whose devices have all that the stream has, and whose VM did not get its
  /// registers back.
  static func registersLost(
    _ error: QMPError, at path: String, _ summary: ReplaySummary
  ) -> CommandError {
    let devices = summary.devices.map {
      FailureReport.Device($0.number, name: $0.name, outcome: $0.outcome)
    }
    let outcomes = devices.compactMap { device in device.outcome.map { (device.number, $0) } }
    var result = CommandError.input(
      "\(path): \(error); the VM must not go on before it has the device's registers back\(text(outcomes))"
    )
    result.devices = devices
    return result
  }

  /// The end of a replay that did its work, and whose devices nobody holds for want of whoever
  /// should have taken them.
  static func unkept(
    _ error: CommandError, _ summary: ReplaySummary, _ targets: [ReplayTarget]
  ) -> CommandError {
    let devices = summary.devices.map { device in
      // Its last descriptor closes with this process.
      let isReset = targets.contains {
        $0.number == device.number && $0.device.isResetWhenClosed
      }
      return FailureReport.Device(
        device.number, name: device.name, outcome: isReset ? .fresh : device.outcome)
    }
    let outcomes = devices.compactMap { device in device.outcome.map { (device.number, $0) } }
    return ending(error.adding(text(outcomes)), devices)
  }

  /// - Parameters:
  ///   - byteCount: the state bytes that were read.
  ///   - output: the stream, as the user named it.
  static func capture(
    _ error: CaptureError<StreamIOError>, _ devices: [any MigratableDevice], byteCount: UInt64,
    output: String
  ) -> CommandError {
    capture(error, devices) { cause in
      guard case .system(.brokenPipe, _) = cause.cause else { return CommandError(cause) }
      let name = output == "-" ? "standard output" : output
      return .input(
        "\(name): the reader is gone (EPIPE) after \(QuantityText.bytes(byteCount)) of state"
      ).about(ErrorDetail(cause))
    }
  }

  /// The end of a capture into a sink whose failure `sinkFailure` words.
  static func capture<SinkFailure: Error>(
    _ error: CaptureError<SinkFailure>, _ devices: [any MigratableDevice],
    _ sinkFailure: (SinkFailure) -> CommandError
  ) -> CommandError {
    var outcomes = text(Array(zip((0 as UInt16)..., error.outcomes)))
    if error.isStreamWhole { outcomes = "; the stream is whole all the same" + outcomes }
    let left = zip((0 as UInt16)..., devices).map { number, device in
      FailureReport.Device(
        number, name: device.name,
        outcome: error.outcomes.isEmpty ? nil : error.outcomes[Int(number)])
    }
    return ending(cause(of: error, devices, outcomes: outcomes, sinkFailure), left)
  }

  private static func cause<SinkFailure: Error>(
    of error: CaptureError<SinkFailure>, _ devices: [any MigratableDevice], outcomes: String,
    _ sinkFailure: (SinkFailure) -> CommandError
  ) -> CommandError {
    if let signal = SignalGuard.signal {
      return .signal(signal, "capture ended by a signal" + outcomes)
    }
    switch error.cause {
    case .refused(let refusal):
      guard case .noPeerToPeer = refusal else { return .no("\(refusal)") }
      return .no("\(refusal); --without-p2p captures all the same")
    case .device(let cause, let number):
      return .device(text(cause, number, devices[Int(number)]) + outcomes)
        .about(ErrorDetail(cause, device: number))
    case .sink(let cause):
      return sinkFailure(cause).adding(outcomes).about(sinkFailure(cause).detail)
    case .cancelled: return .no("capture cancelled" + outcomes)
    }
  }

  /// The end of a handover onto these targets.
  static func target(_ error: HandoverError, _ targets: [ReplayTarget]) -> CommandError {
    let outcomes = error.cause.outcomes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    let left = targets.map {
      FailureReport.Device(
        $0.number, name: $0.device.name, outcome: error.cause.outcomes[$0.number])
    }
    let said = outcomes.isEmpty ? untouched(targets) : text(outcomes)
    return ending(CommandError(error).adding(said), left)
  }

  /// What to say of a device of which nothing but the opening reached its driver; nil if that
  /// does nothing to it.
  static func untouched(_ device: any MigratableDevice) -> String? {
    guard device.isResetWhenClosed else { return nil }
    return "its driver reset it when it was opened; nothing else was touched"
  }

  private static func untouched(_ targets: [ReplayTarget]) -> String {
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
    var outcomes = text(error.outcomes.sorted { $0.key < $1.key })
    if outcomes.isEmpty { outcomes = untouched(targets) }
    let left = targets.map { target in
      FailureReport.Device(
        target.number, name: target.device.name, outcome: error.outcomes[target.number])
    }
    return ending(cause(of: error, targets, arguments, outcomes: outcomes), left)
  }

  /// An error from before anything was asked of the devices with these names but facts; a report
  /// that ends with it has them already.
  static func untouched(_ error: any Error, _ names: [(number: UInt16, name: String)]) -> any Error
  {
    guard var failure = CommandError(error), failure.devices == nil, failure.partial == nil else {
      return error
    }
    failure.devices = names.map { FailureReport.Device($0.number, name: $0.name, outcome: nil) }
    return failure
  }

  /// The files could not be written in which devices are kept whose part is done.
  static func unsaved(_ error: any Error, _ devices: [FailureReport.Device]) -> any Error {
    guard let failure = CommandError(error) else { return error }
    let outcomes = devices.compactMap { device in device.outcome.map { (device.number, $0) } }
    return ending(failure.adding(text(outcomes)), devices)
  }

  /// The stream could not be read before anything was done with it.
  static func unread(_ error: any Error, _ targets: [ReplayTarget]) -> any Error {
    guard let failure = CommandError(error) else { return error }
    return ending(
      failure.adding(untouched(targets)),
      targets.map { FailureReport.Device($0.number, name: $0.device.name, outcome: nil) })
  }

  /// The targets are not given the stream, or a check says that they cannot be.
  static func refusal(
    _ report: CompatibilityReport, _ arguments: ReplayArguments
  ) -> CommandError {
    let code =
      switch report.verdict {
      case .unknown: "unknown"
      case .can, .unchecked: "unchecked"
      case .cannot: "incompatible"
      }
    let lines = [report.refusal(of: arguments.path)] + report.reasons(arguments)
    return CommandError.answer(code, lines.joined(separator: "\n  "))
      .about(ErrorDetail(code, file: arguments.path))
  }

  private static func cause(
    of error: ReplayError<StreamIOError>, _ targets: [ReplayTarget], _ arguments: ReplayArguments,
    outcomes: String
  ) -> CommandError {
    let path = arguments.path
    if let signal = SignalGuard.signal {
      return .signal(signal, "replay ended by a signal" + outcomes)
    }
    switch error.cause {
    case .incompatible(let report):
      var summary = ReplaySummary()
      summary.report = report
      var result = refusal(report, arguments).adding(outcomes)
      result.isTold = false
      result.partial = ReplayReport(summary, arguments).json
      return result
    case .device(let cause, let number):
      let device = targets.first { $0.number == number }?.device
      let place = error.place.map { ", at record \($0.record) (offset \($0.recordOffset))" } ?? ""
      var detail = ErrorDetail(cause, device: number)
      detail.file = path
      detail.record = error.place?.record
      detail.offset = error.place?.recordOffset
      return .device(text(cause, number, device) + "; \(path)\(place)" + outcomes).about(detail)
    case .source(let cause):
      return CommandError(cause).adding(outcomes)
    case .unverified(let number):
      return .damaged(
        "\(path): expected a digest of device \(number) that is known here, found none" + outcomes
      ).about(ErrorDetail("unverified", file: path))
    case .cancelled: return .no("replay cancelled" + outcomes)
    }
  }
}
