public import ByteIO
import Devices
public import Migration

/// What a command ended with that did not end well; the JSON is `schemas/failure.schema.json`.
///
/// Who orchestrates migrations reads in it which device may run, and where.
public struct FailureReport: Report {
  /// A device that the command had in hand.
  public struct Device: Sendable {
    /// The number of the stream's device.
    public let number: UInt16
    /// The name that the device was given by, or has.
    public let name: String
    /// How the device was left; nil if nothing was asked of it but facts.
    public let outcome: DeviceOutcome?

    /// A device, and how it was left.
    public init(_ number: UInt16, name: String, outcome: DeviceOutcome?) {
      self.number = number
      self.name = name
      self.outcome = outcome
    }
  }

  /// The error as programs read it.
  public let detail: ErrorDetail
  /// The error as people read it; what became of the devices may stand below it.
  public let message: String
  /// What the process exits with.
  public let exitCode: Int32
  /// The devices that were in hand; nil if the command is about none.
  public let devices: [Device]?
  /// The report that the command had come to before it failed; nil if it had none.
  public let partial: JSONValue?

  /// A report on the end of a command with `exitCode`.
  public init(
    _ detail: ErrorDetail, message: String, exitCode: Int32, devices: [Device]? = nil,
    partial: JSONValue? = nil
  ) {
    self.detail = detail
    self.message = message
    self.exitCode = exitCode
    self.devices = devices
    self.partial = partial
  }

  /// The message.
  public var text: String { message }

  /// `error`, `devices`, and behind these what else the command had come to.
  public var json: JSONValue {
    let exit: JSONValue = ["exitCode": .number(exitCode)]
    let failure: JSONValue = [
      "error": detail.json(message: message).merged(with: exit),
      "devices": devices.map { .array($0.map(\.json)) },
    ]
    let rest = (partial?.members ?? []).filter { failure[$0.key] == nil }
    return failure.merged(with: .object(rest))
  }
}

extension FailureReport.Device {
  /// Which device, and how it was left.
  var json: JSONValue {
    let place: JSONValue = ["index": .number(number), "name": .string(name)]
    return place.merged(with: outcome?.json ?? ["outcome": .string("untouched")])
  }
}

extension DeviceOutcome {
  /// `outcome`, and of a device that was not brought back where it is and why.
  var json: JSONValue {
    guard case .unusable(let state, let error) = self else { return ["outcome": .string(word)] }
    return [
      "outcome": .string(word), "state": state.map { .string("\($0)") },
      "errno": .string(error.errno.symbol),
    ]
  }

  /// One word for programs.
  var word: String {
    switch self {
    case .runningAsBefore: "running-as-before"
    case .restored: "restored"
    case .stopped: "stopped"
    case .fresh: "fresh"
    case .reset: "reset"
    case .unusable: "unusable"
    }
  }
}
