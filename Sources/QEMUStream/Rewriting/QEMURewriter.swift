public import ByteIO

/// A copy of a QEMU stream in which one VFIO device is replaced.
///
/// Everything else is copied byte for byte, as it is read: the stream is read once, and nothing of
/// it is kept. Footers are written anew, and a description gets the size of the new FULL section.
public struct QEMURewriter<Source: ByteSource & ~Copyable, Sink: ByteSink & ~Copyable>: ~Copyable {
  /// Why the copy failed: the stream, the source of it or of the state, or the sink.
  public typealias Failure = QEMUTransferError<Source.Failure, Sink.Failure>

  private var reader: QEMUStreamReader<CopiedSource<Source, Sink>>
  private var replacement: QEMUReplacement
  private let id: UInt32
  /// The size of the content of the device's new FULL section.
  private var fullByteCount: UInt64?
  private var changesFullByteCount = false
  /// The size of the content of the device's last new section.
  private var newByteCount: UInt64 = 0
  /// By how much what follows has moved.
  private var shift: Int64 = 0

  /// - `source`: the main channel, from its start.
  /// - `offset`: where the stream begins in its file.
  /// - `description`: the stream's description, if it is known beforehand.
  /// - `sink`: where the copy goes; the rewriter finishes it.
  public init(
    _ source: consuming Source, startingAt offset: UInt64 = 0, description: VMDescription?,
    replacing replacement: QEMUReplacement, into sink: consuming Sink
  ) {
    reader = QEMUStreamReader(
      returningTo: CopiedSource(source, sink), description: description, startingAt: offset)
    self.replacement = replacement
    id = replacement.device.summary.sectionID
  }

  /// Copies the stream to its end, what follows it in its file included, and finishes the sink.
  ///
  /// - `state`: the device's new state, as much as the framing of the replacement has.
  /// - `progress`: is told after each part how many bytes of the stream were read.
  public consuming func rewrite<State: ByteSource & ~Copyable>(
    state: inout State, progress: (UInt64) -> Void = { _ in }
  ) throws(Failure) where State.Failure == Source.Failure {
    while let event = try next() {
      switch event {
      case .section(let section) where section.id == id:
        try release()
        let byteCount = try writeContent(from: &state)
        newByteCount = byteCount
        if section.kind == .full { fullByteCount = byteCount }
        reader.input.source.isCopied = false
      case .sectionEnd(let end) where end.section.id == id:
        try release(keepingLast: reader.hasFooters == false ? 0 : QEMUSection.footerByteCount)
        reader.input.source.isCopied = true
        if end.section.kind == .full { changesFullByteCount = end.byteCount != fullByteCount }
        shift &+= Int64(bitPattern: newByteCount &- end.byteCount)
      case .sectionEnd(let end) where end.section.isRAM: try checkPlaces(in: end)
      case .description(let description): try write(description)
      default: break
      }
      progress(reader.offset)
    }
    try checkDescriptionWasUsed()
    try copyRest()
    try checkEnd(of: &state)
    try finish()
  }

  /// Throws if the section has pages whose places are in the stream, and those have moved.
  private func checkPlaces(in end: QEMUSection.End) throws(Failure) {
    let start = end.section.bodyOffset
    let isMapped = reader.ram.blocks.contains { ($0.mapping?.bitmapOffset ?? 0) >= start }
    guard shift != 0, isMapped else { return }
    throw .stream(
      QEMUStreamError(
        .irreplaceable, at: start,
        expected: "a replacement of the length of what it replaces, because mapped RAM follows, "
          + "whose places the stream has",
        found: "one that is \(abs(shift)) bytes "
          + (shift > 0 ? "longer" : "shorter")))
  }

  // MARK: Parts

  private mutating func writeContent<State: ByteSource & ~Copyable>(
    from state: inout State
  ) throws(Failure) -> UInt64 where State.Failure == Source.Failure {
    var count: UInt64 = 0
    while true {
      let record = try nextRecord()
      try write(record.bytes.span.raw)
      try copyState(record.stateByteCount, from: &state)
      count += UInt64(record.bytes.count) + record.stateByteCount
      if record.kind.endsSection { return count }
    }
  }

  private mutating func nextRecord() throws(Failure) -> (
    kind: VFIORecord.Kind, bytes: [UInt8], stateByteCount: UInt64
  ) {
    do throws(QEMUStreamError) {
      return try replacement.next()
    } catch {
      throw .stream(error)
    }
  }

  private mutating func copyState<State: ByteSource & ~Copyable>(
    _ count: UInt64, from state: inout State
  ) throws(Failure) where State.Failure == Source.Failure {
    var left = count
    var buffer = ByteBuffer()
    while left > 0 {
      buffer.removeAll()
      do throws(Source.Failure) {
        try state.read(into: &buffer, upTo: Int(min(left, 1 << 20)))
      } catch {
        throw .source(error)
      }
      guard buffer.count > 0 else {
        throw .stream(replacement.mismatch("\(left) more bytes of state", "the end of it"))
      }
      try write(buffer.bytes)
      left -= UInt64(buffer.count)
    }
  }

  /// Replaces the description that was just passed over by one with the size of the FULL section.
  private mutating func write(_ description: VMDescription) throws(Failure) {
    guard let fullByteCount else { return }
    let summary = replacement.device.summary
    let json = [UInt8](reader.input.passed(last: description.byteCount))
    let changed: [UInt8]
    do throws(QEMUStreamError) {
      changed = try description.resizing(
        summary.id, instance: summary.instance, to: fullByteCount, in: json)
    } catch {
      throw .stream(error)
    }
    try release(keepingLast: VMDescription.headByteCount + json.count)
    reader.input.source.isCopied = false
    try release()
    reader.input.source.isCopied = true
    var head = ByteWriter()
    head.big(QEMUPartType.description.rawValue)
    head.big(UInt32(changed.count))
    try write(head.bytes.span.raw, changed.span.raw)
  }

  /// Throws if a size had to be changed in a description that was too long to be read.
  private func checkDescriptionWasUsed() throws(Failure) {
    guard changesFullByteCount, let byteCount = reader.unusedDescriptionByteCount else { return }
    throw .stream(
      QEMUStreamError(
        .irreplaceable, at: reader.offset,
        expected: "a description of at most \(VMDescription.longestByteCount) bytes, in which the "
          + "size of the device's section can be changed", found: "\(byteCount)"))
  }

  /// Reads the state to its end, where its source checks it, and throws if any is left.
  private func checkEnd<State: ByteSource & ~Copyable>(
    of state: inout State
  ) throws(Failure) where State.Failure == Source.Failure {
    var buffer = ByteBuffer()
    do throws(Source.Failure) {
      try state.read(into: &buffer, upTo: 1)
    } catch {
      throw .source(error)
    }
    guard buffer.count == 0 else {
      throw .stream(replacement.mismatch("the end of the state", "more of it"))
    }
  }

  // MARK: Reading and writing

  private mutating func next() throws(Failure) -> QEMUStreamEvent? {
    do throws(QEMUReadError<Failure>) {
      return try reader.next()
    } catch {
      throw Failure(error)
    }
  }

  private mutating func release(keepingLast count: Int = 0) throws(Failure) {
    do throws(QEMUReadError<Failure>) {
      try reader.input.release(keepingLast: count)
    } catch {
      throw Failure(error)
    }
  }

  private mutating func copyRest() throws(Failure) {
    do throws(QEMUReadError<Failure>) {
      try reader.input.passOverRest()
    } catch {
      throw Failure(error)
    }
  }

  private mutating func write(
    _ head: RawSpan, _ body: RawSpan = RawSpan()
  ) throws(Failure) {
    do throws(Sink.Failure) {
      try reader.input.source.sink.write(head, body)
    } catch {
      throw .sink(error)
    }
  }

  private consuming func finish() throws(Failure) {
    do throws(Sink.Failure) {
      try reader.input.source.sink.finish()
    } catch {
      throw .sink(error)
    }
  }
}

/// A source whose bytes go into a sink once its reader has passed over them.
private struct CopiedSource<
  Source: ByteSource & ~Copyable, Sink: ByteSink & ~Copyable
>: ReturningByteSource, ~Copyable {
  typealias Failure = QEMUTransferError<Source.Failure, Sink.Failure>

  private var source: Source
  var sink: Sink
  /// Whether bytes that are passed over go into the sink; else they are dropped.
  var isCopied = true

  init(_ source: consuming Source, _ sink: consuming Sink) {
    self.source = source
    self.sink = sink
  }

  var name: String { source.name }
  var byteCount: UInt64? { source.byteCount }

  mutating func read(into span: inout MutableRawSpan) throws(Failure) -> Int {
    do throws(Source.Failure) {
      return try source.read(into: &span)
    } catch {
      throw .source(error)
    }
  }

  mutating func skip(_ count: UInt64) throws(Failure) -> UInt64 {
    guard !isCopied else { return 0 }
    do throws(Source.Failure) {
      return try source.skip(count)
    } catch {
      throw .source(error)
    }
  }

  mutating func passOver(_ bytes: RawSpan) throws(Failure) {
    guard isCopied else { return }
    do throws(Sink.Failure) {
      try sink.write(bytes, RawSpan())
    } catch {
      throw .sink(error)
    }
  }
}
