public import ByteIO
public import QEMUStream

/// A part of a QEMU stream in its place (`ferry qemu inspect --records`).
public struct QEMUEventReport: Report {
  /// What begins or ends there.
  public let event: QEMUStreamEvent

  /// A report on `event`; nil if another event tells the same.
  public init?(_ event: QEMUStreamEvent) {
    switch event {
    case .section(let section) where !section.isVFIO: return nil
    case .sectionEnd(let end) where end.section.isVFIO: return nil
    default: self.event = event
    }
  }

  /// The names of the columns.
  public static let heading = "      offset       bytes  what"

  /// A line of a table with that heading.
  public var text: String {
    let place = [offset, byteCount].map { ($0.map { "\($0)" } ?? "").leading(12) }
    return "\(place.joined())  \(TerminalText.text(what))"
  }

  private var what: String {
    switch event {
    case .configuration(let configuration): "machine \(configuration.machine)"
    case .section(let section): section.text
    case .record(let record): "  \(record.kind)"
    case .sectionEnd(let end):
      end.section.text
        + (end.evidence == .footer
          ? ", up to its footer" : end.evidence == .next ? ", up to the next section" : "")
    case .command(let command): "command \(command.name)"
    case .end: "end of the machine's state"
    case .description(let description):
      "description of \(QuantityText.count(description.devices.count, "device"))"
    }
  }

  private var offset: UInt64? {
    switch event {
    // It follows the magic and the version.
    case .configuration: 8
    case .section(let section): section.offset
    case .record(let record): record.offset
    case .sectionEnd(let end): end.section.offset
    case .command(let command): command.offset
    case .end: nil
    case .description(let description): description.sectionOffset
    }
  }

  private var byteCount: UInt64? {
    switch event {
    case .configuration, .section, .end: nil
    case .record(let record): record.byteCount
    case .sectionEnd(let end): end.byteCount
    case .command(let command): UInt64(command.byteCount)
    case .description(let description): UInt64(description.byteCount)
    }
  }

  /// The event's `kind`, where it is, and what tells it from others of its kind.
  public var json: JSONValue {
    let (kind, content) = self.content
    let place: JSONValue = [
      "kind": .string(kind), "offset": offset.map { .number($0) },
      "bytes": byteCount.map { .number($0) },
    ]
    return place.merged(with: content)
  }

  private var content: (kind: String, members: JSONValue) {
    switch event {
    case .configuration(let configuration):
      ("machine", ["name": .string(configuration.machine)])
    case .section(let section): ("section", section.json)
    case .record(let record): ("record", ["name": .string("\(record.kind)")])
    case .sectionEnd(let end):
      ("section", end.section.json.merged(with: ["endKnownBy": .string(end.evidence.rawValue)]))
    case .command(let command): ("command", ["name": .string(command.name)])
    case .end: ("end", [:])
    case .description(let description):
      ("description", ["devices": .number(description.devices.count)])
    }
  }
}

extension QEMUSection {
  fileprivate var text: String {
    "\("\(kind)".padded(to: 5)) \(id) \(name), instance \(instance)"
  }

  fileprivate var json: JSONValue {
    [
      "piece": .string("\(kind)"), "id": .number(id), "name": .string(name),
      "instance": .number(instance),
    ]
  }
}

extension VFIORecord {
  fileprivate var byteCount: UInt64? {
    switch content {
    case .data(let byteCount): byteCount
    case .configuration(let configuration): UInt64(configuration.byteCount)
    case .tag: nil
    }
  }
}
