/// Where in its order a stream is, and which record may come next.
///
/// The order as a table: a row a stage, a column a record type, each cell the stage after it. An
/// unknown optional record may come after the stream information until the end record, and changes
/// nothing.
package enum RecordOrder: UInt8, Sendable, CaseIterable {
  /// Nothing yet.
  case start
  /// Devices are being introduced.
  case devices
  /// State flows.
  case state
  /// Devices are being summed up.
  case summaries
  /// The end record came; the last index block is due, unless the end record says that there is
  /// none.
  case ended
  /// The footer is due.
  case indexed

  private static let table: [RecordOrder: [RecordType: RecordOrder]] = [
    .start: [.streamInformation: .devices],
    .devices: [
      .deviceIdentity: .devices, .configurationSpace: .devices, .interruptState: .devices,
      .pasidTable: .devices, .stateChunk: .state, .deviceSummary: .summaries, .end: .ended,
    ],
    .state: [.stateChunk: .state, .index: .state, .deviceSummary: .summaries],
    .summaries: [.deviceSummary: .summaries, .end: .ended],
    .ended: [.index: .indexed],
    .indexed: [:],
  ]

  // The table above, laid out for the hot path: an array looked up by stage and type.
  private static let cells: [RecordOrder?] = allCases.flatMap { stage in
    (0...UInt8.max).map { type in table[stage]?[RecordType(rawValue: type)] }
  }

  /// The stage after a record of `type`, or nil if it must not come.
  func next(after type: RecordType) -> RecordOrder? {
    if let stage = Self.cells[Int(rawValue) << 8 | Int(type.rawValue)] { return stage }
    let mayHoldUnknown = self == .devices || self == .state || self == .summaries
    return mayHoldUnknown && !RecordType.known.contains(type) ? self : nil
  }

  /// What may come next, for messages.
  package var expectation: String {
    switch self {
    case .start: "stream information first"
    case .devices: "a device, its records, or its state"
    case .state: "state, or the summary of a device"
    case .summaries: "the summary of a device, or the end"
    case .ended: "the last index block"
    case .indexed: "the footer"
    }
  }
}
