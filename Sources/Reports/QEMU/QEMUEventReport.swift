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
      end.section.text + (end.evidence == .footer ? ", up to its footer" : "")
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
    let (kind, members) = content
    let place: [JSONValue.Member?] = [
      .init("kind", .string(kind)), offset.map { .init("offset", .number($0)) },
      byteCount.map { .init("bytes", .number($0)) },
    ]
    return .object(place.compactMap(\.self) + members)
  }

  private var content: (kind: String, members: [JSONValue.Member]) {
    switch event {
    case .configuration(let configuration):
      ("machine", [.init("name", .string(configuration.machine))])
    case .section(let section): ("section", section.members)
    case .record(let record): ("record", [.init("name", .string("\(record.kind)"))])
    case .sectionEnd(let end):
      (
        "section",
        end.section.members + [.init("endKnownBy", .string(end.evidence.rawValue))]
      )
    case .command(let command): ("command", [.init("name", .string(command.name))])
    case .end: ("end", [])
    case .description(let description):
      ("description", [.init("devices", .number(description.devices.count))])
    }
  }
}

extension QEMUSection {
  fileprivate var text: String {
    "\("\(kind)".padded(to: 5)) \(id) \(name), instance \(instance)"
  }

  fileprivate var members: [JSONValue.Member] {
    [
      .init("piece", .string("\(kind)")), .init("id", .number(id)), .init("name", .string(name)),
      .init("instance", .number(instance)),
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
