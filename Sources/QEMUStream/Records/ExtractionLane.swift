import ByteIO
import MigrationStream

/// Records that are ready, of which at most one is a chunk.
struct ExtractionOutput {
  var records: ArraySlice<Record> = []
  /// The state of the chunk that came last.
  private(set) var chunk: [UInt8] = []
  private(set) var stateByteCount: UInt64 = 0

  /// Takes the next record out.
  mutating func next() -> Record? {
    guard let record = records.popFirst() else { return nil }
    if case .chunk = record { return record }
    chunk.removeAll(keepingCapacity: true)
    return record
  }

  /// Adds a chunk of the bytes in `buffer`, which is empty afterwards.
  mutating func add(_ chunk: StateChunk, from buffer: inout [UInt8]) {
    swap(&self.chunk, &buffer)
    buffer.removeAll(keepingCapacity: true)
    stateByteCount &+= UInt64(chunk.byteCount)
    records.append(.chunk(chunk))
  }
}

/// A device's state on its way into records: a chunk for each record of data, or several for a
/// large one.
struct ExtractionLane {
  /// The most state bytes of a chunk.
  let chunkByteCount: Int
  private let device: UInt16
  private var framing = QEMUFraming()
  private var context = StateChunk.Context(phase: .preCopy)
  /// The number of rounds of pre-copy so far.
  private var iteration: UInt32 = 0
  private var stateOffset: UInt64 = 0
  /// The last chunk, held back because the record behind it tells what ends with it.
  private var pending: [UInt8] = []

  init(device: UInt16, chunkByteCount: Int) {
    self.device = device
    self.chunkByteCount = chunkByteCount
  }

  // MARK: Sections

  /// Begins a section.
  mutating func begin(_ kind: QEMUSection.Kind) {
    framing.append(.section(kind))
    let isRunning = kind == .start || kind == .part
    context = StateChunk.Context(
      phase: isRunning ? .preCopy : .stopCopy, iteration: isRunning ? iteration : 0)
  }

  /// Takes over a record, without the state behind it.
  mutating func add(_ record: VFIORecord, to output: inout ExtractionOutput) {
    guard case .data(let byteCount) = record.content else {
      framing.append(.record(record.kind, byteCount: 0))
      if record.kind.endsSection { endSection(with: record.kind, &output) }
      return
    }
    framing.append(.record(.data, byteCount: byteCount))
    flush(&output)
  }

  /// The bytes of state that it takes next; a full chunk waits for what comes behind it.
  var room: Int {
    pending.count == chunkByteCount ? chunkByteCount : chunkByteCount - pending.count
  }

  /// Takes state, at most as many bytes as it has room for.
  mutating func add(_ bytes: [UInt8], to output: inout ExtractionOutput) {
    if pending.count == chunkByteCount { flush(&output) }
    pending += bytes
  }

  private mutating func endSection(
    with kind: VFIORecord.Kind, _ output: inout ExtractionOutput
  ) {
    if context.phase == .preCopy && !pending.isEmpty {
      iteration &+= 1
      context.flags.insert(.lastOfIteration)
    }
    if kind == .initialDataSent { context.flags.insert(.lastOfInitialData) }
    flush(&output)
    context.flags = []
  }

  // MARK: Packets

  /// Begins the multifd packets of the device.
  mutating func beginPackets() {
    framing.append(.packets)
    context = StateChunk.Context(phase: .stopCopy)
  }

  /// Begins a packet of state.
  mutating func beginPacket(_ byteCount: UInt64) {
    framing.append(.record(.data, byteCount: byteCount))
  }

  /// Passes on state of a packet, at most a chunk.
  mutating func addPacket(_ bytes: [UInt8], to output: inout ExtractionOutput) {
    pending = bytes
    flush(&output)
  }

  /// Ends the packets.
  mutating func endPackets() {
    framing.append(.record(.configuration, byteCount: 0))
    framing.append(.record(.endOfState, byteCount: 0))
  }

  // MARK: Writing

  /// Writes the chunk and the framing that are held back.
  mutating func finish(_ output: inout ExtractionOutput) {
    flush(&output)
    writeFraming(&output, last: true)
  }

  private mutating func flush(_ output: inout ExtractionOutput) {
    guard !pending.isEmpty else { return }
    let chunk = StateChunk(
      device: device, stateOffset: stateOffset, byteCount: UInt32(pending.count),
      context: context)
    stateOffset &+= UInt64(pending.count)
    output.add(chunk, from: &pending)
  }

  /// Writes the framing so far, if it is enough for a record or the `last`.
  mutating func writeFraming(_ output: inout ExtractionOutput, last: Bool = false) {
    guard let record = framing.releaseRecord(device: device, last: last) else { return }
    output.records.append(record)
  }
}
