public import ByteIO
public import VFIO

/// A call of a trace (`ferry trace show`); the JSON is the trace's own line,
/// `schemas/trace.schema.json`.
public struct TraceReport: Report {
  /// The call.
  public let record: TraceRecord

  /// A report on one call.
  public init(_ record: TraceRecord) { self.record = record }

  /// The call as strace prints system calls: its time, itself, its result, how long it took.
  public var text: String {
    "\(QuantityText.seconds(nanoseconds: record.time)) \(TerminalText.text(record.text)) "
      + "<\(QuantityText.seconds(nanoseconds: record.duration))>"
  }

  /// The call as its trace has it.
  public var json: JSONValue { record.json }
}
