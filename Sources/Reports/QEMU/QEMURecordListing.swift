import ByteIO
import QEMUStream

/// A line for each section and each VFIO record.
enum QEMURecordListing {
  static let heading = "      offset       bytes  what"

  /// The line for what begins or ends here; nil for what another line tells.
  static func line(_ event: QEMUStreamEvent) -> String? {
    switch event {
    case .configuration(let configuration):
      row(8, nil, "machine \(TerminalText.text(configuration.machine))")
    case .section(let section):
      section.isVFIO ? row(section.offset, nil, text(section)) : nil
    case .record(let record): row(record.offset, byteCount(of: record), "  \(record.kind)")
    case .sectionEnd(let end):
      end.section.isVFIO
        ? nil
        : row(
          end.section.offset, end.byteCount,
          text(end.section) + (end.evidence == .footer ? ", up to its footer" : ""))
    case .command(let command):
      row(command.offset, UInt64(command.byteCount), "command \(command.name)")
    case .end: row(nil, nil, "end of the machine's state")
    case .description(let description):
      row(
        description.sectionOffset, UInt64(description.byteCount),
        "description of \(QuantityText.count(description.devices.count, "device"))")
    }
  }

  private static func text(_ section: QEMUSection) -> String {
    "\(section.kind)".padded(to: 5)
      + " \(section.id) \(TerminalText.text(section.name)), instance \(section.instance)"
  }

  private static func byteCount(of record: VFIORecord) -> UInt64? {
    switch record.content {
    case .data(let byteCount): byteCount
    case .configuration(let configuration): UInt64(configuration.byteCount)
    case .tag: nil
    }
  }

  private static func row(_ offset: UInt64?, _ byteCount: UInt64?, _ text: String) -> String {
    let numbers = [offset, byteCount].map { $0.map { "\($0)" } ?? "" }
    return "\(numbers[0].leading(12))\(numbers[1].leading(12))  \(text)"
  }
}
