import ByteIO
import MigrationStream

/// A device's state on its way into records: a chunk for each record of data, or several for a
/// large one.
struct ExtractionLane {
  private let device: UInt16
  private var framing = QEMUFraming()
  private var context = StateChunk.Context(phase: .preCopy)
  /// The number of rounds of pre-copy so far.
  private var iteration: UInt32 = 0
  /// The last chunk, held back because the record behind it tells what ends with it.
  private var pending: [UInt8] = []

  init(device: UInt16) { self.device = device }

  /// Begins a section.
  mutating func begin(_ kind: QEMUSection.Kind) {
    framing.append(.section(kind))
    let isRunning = kind == .start || kind == .part
    context = StateChunk.Context(
      phase: isRunning ? .preCopy : .stopCopy, iteration: isRunning ? iteration : 0)
  }

  /// Passes on a record, and the state behind it.
  mutating func copy<Source: ByteSource & ~Copyable, Sink: RecordSink & ~Copyable>(
    _ record: VFIORecord, from reader: inout QEMUStreamReader<Source>, _ total: inout UInt64,
    to sink: inout Sink
  ) throws(QEMUTransferError<Source.Failure, Sink.Failure>) {
    do throws(Sink.Failure) {
      guard case .data(let byteCount) = record.content else {
        framing.append(.record(record.kind, byteCount: 0))
        if record.kind.endsSection { try endSection(with: record.kind, &total, to: &sink) }
        return
      }
      framing.append(.record(.data, byteCount: byteCount))
      try flush(&total, to: &sink)
    } catch {
      throw .sink(error)
    }
    let limit = Int(sink.limits.chunkByteCount)
    while true {
      // A full chunk waits for what comes behind it like any other.
      let isFull = pending.count == limit
      let bytes: [UInt8]
      do throws(QEMUReadError<Source.Failure>) {
        bytes = try Self.state(from: &reader, limit: isFull ? limit : limit - pending.count)
      } catch {
        throw QEMUTransferError(error)
      }
      do throws(Sink.Failure) {
        if bytes.isEmpty { return try writeFraming(to: &sink) }
        if isFull { try write(&total, to: &sink) }
      } catch {
        throw .sink(error)
      }
      pending += bytes
    }
  }

  private static func state<Source: ByteSource & ~Copyable>(
    from reader: inout QEMUStreamReader<Source>, limit: Int
  ) throws(QEMUReadError<Source.Failure>) -> [UInt8] {
    [UInt8](try reader.stateBytes(limit: limit))
  }

  private mutating func endSection<Sink: RecordSink & ~Copyable>(
    with kind: VFIORecord.Kind, _ total: inout UInt64, to sink: inout Sink
  ) throws(Sink.Failure) {
    if context.phase == .preCopy && !pending.isEmpty {
      iteration &+= 1
      context.flags.insert(.lastOfIteration)
    }
    if kind == .initialDataSent { context.flags.insert(.lastOfInitialData) }
    try flush(&total, to: &sink)
    context.flags = []
  }

  /// Passes on the multifd packets of the device.
  mutating func write<SourceFailure: Error, Sink: RecordSink & ~Copyable>(
    _ packets: DeviceStatePackets.Sequence,
    reading read: (_ file: Int, _ offset: UInt64, _ count: Int) throws(SourceFailure) -> [UInt8],
    _ total: inout UInt64, to sink: inout Sink, _ progress: (UInt64) -> Void
  ) throws(QEMUTransferError<SourceFailure, Sink.Failure>) {
    framing.append(.packets)
    context = StateChunk.Context(phase: .stopCopy)
    for piece in packets.state {
      framing.append(.record(.data, byteCount: UInt64(piece.byteCount)))
      var position: UInt64 = 0
      while position < piece.byteCount {
        let count = Int(
          min(UInt64(piece.byteCount) - position, UInt64(sink.limits.chunkByteCount)))
        do throws(SourceFailure) {
          pending = try read(piece.file, piece.offset + position, count)
        } catch {
          throw .source(error)
        }
        guard pending.count == count else {
          throw .stream(
            QEMUStreamError(
              .torn, at: piece.offset + position, expected: "\(count) bytes of a packet",
              found: "\(pending.count), and the end of the file"))
        }
        position += UInt64(count)
        do throws(Sink.Failure) {
          try write(&total, to: &sink)
        } catch {
          throw .sink(error)
        }
        progress(total)
      }
      do throws(Sink.Failure) {
        try writeFraming(to: &sink)
      } catch {
        throw .sink(error)
      }
    }
    framing.append(.record(.configuration, byteCount: 0))
    framing.append(.record(.endOfState, byteCount: 0))
  }

  /// Writes the chunk and the framing that are held back.
  mutating func finish<Sink: RecordSink & ~Copyable>(
    _ total: inout UInt64, to sink: inout Sink
  ) throws(Sink.Failure) {
    try flush(&total, to: &sink)
    try writeFraming(to: &sink, last: true)
  }

  // MARK: Writing

  private mutating func flush<Sink: RecordSink & ~Copyable>(
    _ total: inout UInt64, to sink: inout Sink
  ) throws(Sink.Failure) {
    if !pending.isEmpty { try write(&total, to: &sink) }
  }

  private mutating func write<Sink: RecordSink & ~Copyable>(
    _ total: inout UInt64, to sink: inout Sink
  ) throws(Sink.Failure) {
    try sink.write(pending.span.raw, device: device, context: context)
    total &+= UInt64(pending.count)
    pending.removeAll(keepingCapacity: true)
  }

  private mutating func writeFraming<Sink: RecordSink & ~Copyable>(
    to sink: inout Sink, last: Bool = false
  ) throws(Sink.Failure) {
    guard let record = framing.releaseRecord(device: device, last: last) else { return }
    try sink.write(record)
  }
}
