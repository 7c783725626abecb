public import ByteIO
public import Handover
public import Migration
public import MigrationStream
public import Transport

/// How a handover ended, on either side of it (`ferry send`, `ferry receive`); the JSON is
/// `schemas/handover.schema.json`.
public struct HandoverReport: Report {
  /// A side of a handover.
  public enum Side: String, Sendable, Hashable {
    case source, target
  }

  /// How it ended.
  public enum End: Sendable, Hashable {
    /// The target was asked, and nothing was touched.
    case checked
    /// The target's devices cannot take what the source has, and were not touched.
    case refused
    /// The target's devices run, and the source knows or will ask.
    case handedOver
    /// The source has committed and does not know whether the target runs, for a reason.
    case inDoubt(String)
  }

  /// Which handover it is.
  public var handover: StreamUUID
  /// The side that reports.
  public var side: Side
  /// The other side, as this one calls it.
  public var peer: String
  /// How it ended.
  public var end: End
  /// How what passed was protected.
  public var security = ConnectionSecurity.none
  /// What the target found when it held its devices against the stream.
  public var findings = CompatibilityReport()
  /// Whether the target goes on, or would.
  public var isPermitted = true
  /// The devices of this side.
  public var devices: [FailureReport.Device] = []
  /// Those of the other side, if it told.
  public var peerDevices: [HandoverMessage.DeviceLine] = []
  /// The bytes of state that came or went.
  public var stateByteCount: UInt64 = 0
  /// Those of them that were read once the source's devices were stopped; nil on the target's side,
  /// which does not count them.
  public var stopCopyByteCount: UInt64?
  /// How long the stream has waited for the link, on average of its channels; nil on the target's
  /// side.
  public var linkWait: Duration?
  /// How long the devices of this side were stopped.
  public var downtime = Duration.zero
  /// From the start to the end.
  public var duration = Duration.zero

  /// A report of a side on a handover with a peer.
  public init(_ handover: StreamUUID, _ side: Side, peer: String, _ end: End) {
    self.handover = handover
    self.side = side
    self.peer = peer
    self.end = end
  }

  /// The findings, how it ended, and each device.
  public var text: String {
    var lines = findings.findings.map(\.line)
    let peer = TerminalText.text(peer)
    let amount =
      "\(QuantityText.count(devices.count, "device")), \(QuantityText.bytes(stateByteCount)) of "
      + "state in \(QuantityText.duration(duration))"
    switch (end, side) {
    case (.checked, _), (.refused, _): lines.append("\(peer): \(verdictText)")
    case (.handedOver, .source): lines.append("\(peer) runs what was handed over: \(amount)")
    case (.handedOver, .target): lines.append("taken over from \(peer): \(amount)")
    case (.inDoubt(let reason), _):
      lines.append("in doubt: \(TerminalText.text(reason))")
      lines.append("the devices here stay stopped; whether \(peer) runs them is not known")
    }
    for device in devices {
      let outcome = device.outcome.map { "\($0)" } ?? "was not touched"
      lines.append("device \(device.number) (\(TerminalText.text(device.name))) \(outcome)")
    }
    for device in peerDevices {
      lines.append(
        TerminalText.text("there: device \(device.number) (\(device.name)) \(device.outcome)"))
    }
    if end != .checked, end != .refused {
      if let linkWait {
        lines.append("waited for the link: \(QuantityText.duration(linkWait))")
      }
      lines.append("downtime here: \(QuantityText.duration(downtime))")
    }
    lines.append("connection \(security.text)")
    return (lines + ["handover \(handover)"]).joined(separator: "\n")
  }

  private var verdictText: String {
    if side == .target {
      return "these devices were held against those of a source: \(findings.verdict.rawValue)"
    }
    return switch findings.verdict {
    case .can where !isPermitted, .unchecked where !isPermitted:
      "its devices are not to take these, for not all could be checked"
    case .can: "its devices can take these"
    case .unchecked: "nothing that could be checked keeps its devices from taking these"
    case .cannot: "its devices cannot take these"
    case .unknown: "what was introduced lacks what an answer needs"
    }
  }

  /// The same; times are in microseconds.
  public var json: JSONValue {
    var reason: String?
    let word: String
    switch end {
    case .checked: word = "checked"
    case .refused: word = "refused"
    case .handedOver: word = "handed-over"
    case .inDoubt(let why):
      word = "in-doubt"
      reason = why
    }
    return [
      "handover": .string("\(handover)"), "side": .string(side.rawValue), "peer": .string(peer),
      "security": security.json, "end": .string(word), "reason": reason.map { .string($0) },
      "verdict": .string(findings.verdict.rawValue), "permitted": .bool(isPermitted),
      "findings": .array(findings.findings.map(\.json)),
      "devices": .array(devices.map(\.json)),
      "peerDevices": .array(
        peerDevices.map { device in
          [
            "index": .number(device.number), "name": .string(device.name),
            "outcome": .string(device.outcome),
          ]
        }),
      "stateBytes": .number(stateByteCount), "stopCopyBytes": stopCopyByteCount.map { .number($0) },
      "linkWait": linkWait.map { .microseconds($0) }, "downtime": .microseconds(downtime),
      "duration": .microseconds(duration),
    ]
  }
}
