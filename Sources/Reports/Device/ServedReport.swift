public import ByteIO
public import DeviceServer
import Devices

/// What a server says of itself (`ferry served status`); the JSON is `schemas/served.schema.json`.
public struct ServedReport: Report {
  /// The control socket, the title of the text.
  public let path: String
  /// What the server said.
  public let status: ServerStatus

  /// A report on a server's status.
  public init(_ status: ServerStatus, path: String) {
    self.status = status
    self.path = path
  }

  /// The device, its client, its state, and what was asked of it.
  public var text: String {
    let counters = status.counters
    let client =
      status.client.map {
        "process \($0.process) of user \($0.user)"
          + ($0.mayMap ? ", which may map the device's registers" : "")
          + ($0.waits ? "; its messages wait until the device runs (ferry served run)" : "")
      } ?? "none"
    return [
      "\(TerminalText.text(path)): \(TerminalText.text(status.device))",
      "  profile    \(TerminalText.text(status.profile ?? "none: the device's own space"))",
      "  client     \(client)",
      "  state      \(status.state?.description ?? "not known")"
        + (status.owner.map { ", owned by the \($0.rawValue)" } ?? ""),
      "  memory     \(QuantityText.bytes(status.mappedByteCount)) in "
        + QuantityText.count(status.rangeCount, "range"),
      "  messages   configuration: \(counters.configurationReads) reads, "
        + "\(counters.configurationWrites) writes; regions: \(counters.regionReads) reads, "
        + "\(counters.regionWrites) writes; \(counters.maps) maps, \(counters.unmaps) unmaps; "
        + "\(counters.unmasks) INTx unmasks; "
        + "\(counters.refusals) refused",
      "  interrupts \(status.interruptCount) signalled by the server",
    ].joined(separator: "\n")
  }

  /// As the server sends it.
  public var json: JSONValue { status.json }
}
