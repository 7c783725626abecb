public import ByteIO
public import Handover
import QEMUStream

/// What passed `ferry qemu relay`, and what became of it; the JSON is
/// `schemas/qemu-relay.schema.json`.
public struct RelayReport: Report {
  /// How a relayed migration ended.
  public enum End: String, Sendable, Hashable, CaseIterable {
    /// The destination has everything.
    case completed
    /// The relay broke it for what it found, so that the source runs on.
    case refused
    /// A side did not go on, or the destination did not load it.
    case failed
    /// Everything passed, and nothing could be seen that tells how it ended.
    case unknown
  }

  private let migration: RelayedMigration
  /// Whether devices were held against a destination.
  private let isJudged: Bool

  /// A report on a migration; `isJudged` says whether its devices were held against a destination.
  public init(_ migration: RelayedMigration, isJudged: Bool) {
    self.migration = migration
    self.isJudged = isJudged
  }

  /// How it ended.
  public var end: End {
    switch migration.failure {
    case .stream: return .refused
    case .transport, .tunnel, .noThread: return .failed
    case nil: break
    }
    switch migration.hasLoaded {
    case true?: return .completed
    case false?: return .failed
    case nil:
      // Without a return path, the end of the stream is all that there is to see.
      if migration.hasEnded { return migration.hasReturnPath ? .failed : .completed }
      let isUnseen = migration.channelCounts[.main] == nil || !migration.lost.isEmpty
      return isUnseen ? .unknown : .failed
    }
  }

  /// Whether nothing that was found stands against the migration.
  public var isPermitted: Bool {
    migration.objections.isEmpty
      && !migration.devices.contains { $0.judgement?.verdict == .refused }
  }

  /// How it ended, the amounts, each device, and what was found.
  public var text: String {
    let channels = RelayedChannel.allCases.compactMap { channel in
      migration.channelCounts[channel].map { "\($0) \(channel.rawValue)" }
    }
    var lines = [
      "\(TerminalText.text(migration.machine ?? "unknown machine")): \(endText)",
      "  \(channels.isEmpty ? "no channels" : "channels: " + channels.joined(separator: ", ")); "
        + "\(QuantityText.bytes(migration.byteCount)) to the destination, "
        + "\(QuantityText.bytes(migration.returnedByteCount)) back, in "
        + QuantityText.duration(migration.duration),
    ]
    if let downtime = migration.downtime {
      lines.append(
        "  downtime until the \(migration.hasEnded ? "end went on" : "migration was broken"): "
          + QuantityText.duration(downtime))
    }
    lines += migration.tunnel?.lines ?? []
    if !migration.forms.isEmpty {
      lines.append(
        "  forms: " + migration.forms.map(\.rawValue).sorted().joined(separator: ", "))
    }
    for device in migration.devices { lines += device.lines }
    if let isConfirmed = migration.isConfirmed {
      lines.append(
        "  the stream's description \(isConfirmed ? "confirms" : "does not confirm") the ends of "
          + "its sections")
    }
    lines += migration.objections.map { TerminalText.text("  against it: \($0)") }
    lines += migration.lost.map {
      TerminalText.text("  not followed any further, but passed on: \($0)")
    }
    return lines.joined(separator: "\n")
  }

  private var endText: String {
    switch end {
    case .completed:
      "the destination has it"
        + (migration.hasLoaded == nil ? ", as far as the stream tells" : "")
    case .refused: "refused; the source runs on"
    case .failed: "did not come to its end"
    case .unknown: "passed, and nothing tells how it ended"
    }
  }

  /// The same; times are in microseconds.
  public var json: JSONValue {
    [
      "end": .string(end.rawValue), "judged": .bool(isJudged), "permitted": .bool(isPermitted),
      "machine": .optional(migration.machine),
      "channels": .object(
        RelayedChannel.allCases.map {
          JSONValue.Member($0.rawValue, .number(migration.channelCounts[$0] ?? 0))
        }),
      "returnPath": .bool(migration.hasReturnPath),
      "loaded": migration.hasLoaded.map { .bool($0) } ?? .null,
      "forms": .strings(migration.forms.map(\.rawValue).sorted()),
      "bytes": .number(migration.byteCount),
      "returnedBytes": .number(migration.returnedByteCount),
      "duration": .microseconds(migration.duration),
      "downtime": migration.downtime.map { .microseconds($0) } ?? .null,
      "tunnel": migration.tunnel?.json ?? .null,
      "devices": .array(migration.devices.map(\.json)),
      "confirmed": migration.isConfirmed.map { .bool($0) } ?? .null,
      "objections": .array(migration.objections.map(\.json)),
      "lost": .array(migration.lost.map(\.json)),
    ]
  }
}

extension QEMUStreamError {
  fileprivate var json: JSONValue { ErrorDetail(self, file: nil).json(message: "\(self)") }
}

extension TunnelTraffic {
  fileprivate var lines: [String] {
    let bytes = isBesideSource ? sentByteCount : receivedByteCount
    let wire = isBesideSource ? sentWireByteCount : receivedWireByteCount
    var lines = [
      "  tunnel: \(QuantityText.count(connectionCount, "connection")), \(security.text); "
        + "\(QuantityText.bytes(bytes)) of QEMU's "
        + "\(isBesideSource ? "sent" : "received") in \(QuantityText.bytes(wire)) "
        + "(\(QuantityText.ratio(bytes, wire)))"
    ]
    if !isBesideSource, receivedByteCount > 0 {
      lines.append(
        "    waited for the other relay \(QuantityText.duration(receiveWaitingTime)) of "
          + QuantityText.duration(receivingTime))
    }
    guard let limit else { return lines }
    let rate = bytesPerSecond.map { " at \(QuantityText.bytes($0)) a second" } ?? ""
    let told =
      switch limit {
      case .link: "the link, or the other relay,"
      case .source: "the source's QEMU"
      case .destination: "the destination's QEMU"
      case .tunnel: "this relay itself"
      }
    lines.append("    \(told) was the limit\(rate)")
    guard isBesideSource else { return lines }
    lines.append(
      "    waited for the link \(QuantityText.duration(linkWaitingTime)), for the source's QEMU "
        + "\(QuantityText.duration(sourceWaitingTime)), for the destination's "
        + "\(QuantityText.duration(destinationWaitingTime)), of "
        + "\(QuantityText.duration(sendingTime)); coded \(QuantityText.bytes(compressedByteCount)) "
        + "in \(QuantityText.duration(codingTime))")
    return lines
  }

  fileprivate var json: JSONValue {
    [
      "connections": .number(connectionCount), "security": security.json,
      "sentBytes": .number(sentByteCount), "sentWireBytes": .number(sentWireByteCount),
      "receivedBytes": .number(receivedByteCount),
      "receivedWireBytes": .number(receivedWireByteCount),
      "compressedBytes": .number(compressedByteCount), "codingTime": .microseconds(codingTime),
      "sendingTime": .microseconds(sendingTime),
      "linkWaitingTime": .microseconds(linkWaitingTime),
      "sourceWaitingTime": .microseconds(sourceWaitingTime),
      "destinationWaitingTime": .microseconds(destinationWaitingTime),
      "receivingTime": .microseconds(receivingTime),
      "receiveWaitingTime": .microseconds(receiveWaitingTime),
      "limit": .optional(limit?.rawValue),
      "bytesPerSecond": bytesPerSecond.map { .number($0) } ?? .null,
    ]
  }
}

extension RelayedMigration.Device {
  fileprivate var lines: [String] {
    let line =
      "  device \(TerminalText.text(name.name)): \(QuantityText.bytes(preCopyByteCount)) of state "
      + "while it ran, \(QuantityText.bytes(stopCopyByteCount)) while it stood"
    let translated = report.map { $0.text.split(separator: "\n").map { "    \($0)" } }
    return [line] + (judgement?.lines ?? []) + (translated ?? [])
  }

  fileprivate var json: JSONValue {
    [
      "id": .string(name.name), "instance": .number(name.instance),
      "preCopyBytes": .number(preCopyByteCount), "stopCopyBytes": .number(stopCopyByteCount),
      "configuration": judgement?.json ?? .null, "translation": report?.json ?? .null,
    ]
  }

  private var report: TranslateReport? {
    translation.map { TranslateReport([TranslateReport.Device($0)], name: name.name) }
  }
}

extension RecordJudgement {
  fileprivate var lines: [String] {
    let verdict =
      switch self.verdict {
      case .accepted: "its record is good for the destination"
      case .relaid:
        "its record is laid anew in \(QuantityText.count(changes.count, "byte"))"
      case .refused: "its record is not for the destination"
      case .unknown: "whether QEMU would load its record cannot be told"
      }
    var lines = ["    \(verdict)"]
    if let message = check.message { lines.append("      QEMU would say: \(message)") }
    lines += changes.map { change in
      "      0x\(hex(change.offset, digits: 3)) \(change.field): \(hex(change.before, digits: 2)) "
        + "becomes \(hex(change.after, digits: 2)) (\(change.source))"
    }
    lines += reasons.map { "      \(verdictWord): \($0)" }
    return lines
  }

  private var verdictWord: String { verdict == .refused ? "refused" : "not known" }

  fileprivate var json: JSONValue {
    [
      "verdict": .string(verdict.rawValue), "message": .optional(check.message),
      "changes": .array(
        changes.map { change in
          [
            "offset": .number(change.offset), "before": .number(change.before),
            "after": .number(change.after), "field": .string(change.field),
            "source": .string(change.source),
          ]
        }), "reasons": .strings(reasons),
    ]
  }
}
