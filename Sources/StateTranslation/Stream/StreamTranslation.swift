import ByteIO
public import MigrationStream
public import StateLayout

/// A stream with translated devices in place of its own, on its way into `Next`.
///
/// Interrupts and PASIDs are the guest's and stay, and so do optional records and all that is said
/// of other devices. The states are translated before, so that nothing is written if one is
/// refused; they follow those of the other devices.
public struct StreamTranslation<State: StateSource, Next: RecordSink & ~Copyable>: RecordSink,
  ~Copyable
{
  public typealias Failure = Next.Failure

  private let devices: [UInt16: TranslatedDevice<State>]
  private let information: StreamInformation
  private let stateFailure: (State.Failure) -> Failure
  private let progress: (UInt64) -> Void
  private var next: Next

  /// A sink that writes to `next`.
  ///
  /// - Parameters:
  ///   - devices: the translated ones, none of which was refused.
  ///   - information: says who translated; it takes the place of the stream's.
  ///   - next: takes the records, translated or as they came.
  ///   - stateFailure: is what a state that cannot be read means to the sink.
  ///   - progress: is told how many bytes of translated state were written, after each chunk.
  public init(
    _ devices: [TranslatedDevice<State>], information: StreamInformation,
    into next: consuming Next, stateFailure: @escaping (State.Failure) -> Next.Failure,
    progress: @escaping (UInt64) -> Void = { _ in }
  ) {
    precondition(
      devices.allSatisfy(\.outcome.report.isAccepted), "a refused device cannot be written")
    self.devices = Dictionary(
      devices.map { ($0.introduction.number, $0) }, uniquingKeysWith: { $1 })
    self.information = information
    self.stateFailure = stateFailure
    self.progress = progress
    self.next = next
  }

  public var limits: StreamLimits { next.limits }

  public mutating func write(_ record: Record) throws(Failure) {
    if let record = translated(record) { try next.write(record) }
  }

  /// What becomes of a record; nil if nothing is left of it.
  private func translated(_ record: Record) -> Record? {
    switch record {
    case .information: return .information(information)
    case .identity(let identity, let number):
      return .identity(devices[number]?.introduction.identity ?? identity, device: number)
    case .configuration(_, let number):
      guard let device = devices[number] else { return record }
      return device.introduction.configuration.map { .configuration($0, device: number) }
    case .optional(let value) where value.type == .qemuFraming:
      // It divides the state that was there before.
      return value.device.map { devices[$0] == nil } ?? true ? record : nil
    default: return record
    }
  }

  public func wantsState(of device: UInt16) -> Bool { devices[device] == nil }

  public mutating func write(
    _ chunk: RawSpan, device: UInt16, context: StateChunk.Context
  ) throws(Failure) {
    guard wantsState(of: device) else { return }
    try next.write(chunk, device: device, context: context)
  }

  public mutating func flush() throws(Failure) { try next.flush() }

  public consuming func finish() throws(Failure) {
    var total: UInt64 = 0
    for (_, device) in devices.sorted(by: { $0.key < $1.key }) {
      try writeState(of: device, &total)
    }
    try next.finish()
  }

  /// The translated state was read from no device, so it has no rounds of pre-copy: all of it is
  /// stop-copy.
  private mutating func writeState(
    of device: TranslatedDevice<State>, _ total: inout UInt64
  ) throws(Failure) {
    guard let state = device.outcome.state else { return }
    let number = device.introduction.number
    let limit = Int(next.limits.chunkByteCount)
    let context = StateChunk.Context(phase: .stopCopy)
    var chunk = ByteBuffer(capacity: limit)
    try state.forEach(from: device.state, sourceFailure: stateFailure) {
      (span) throws(Failure) in
      var rest = span
      while rest.byteCount > 0 {
        let part = rest.extracting(first: limit - chunk.count)
        chunk.append(part)
        rest = rest.extracting(droppingFirst: part.byteCount)
        guard chunk.count == limit else { continue }
        total += UInt64(limit)
        try next.write(from: &chunk, device: number, context: context)
        progress(total)
      }
    }
    guard chunk.count > 0 else { return }
    total += UInt64(chunk.count)
    try next.write(from: &chunk, device: number, context: context)
    progress(total)
  }
}
