import ByteIO

/// Where records come from: a stream, a device, parts in files.
///
/// Records come in the order of the format: stream information, then for each device its identity
/// and what else is known of it, then state. A source that is a stream goes on to the summaries,
/// the end and the index, which every sink makes itself.
public protocol RecordSource: ~Copyable {
  /// What a source throws that cannot give the next record.
  associatedtype Failure: Error

  /// The next record, or nil once everything came and was checked.
  mutating func next() throws(Failure) -> Record?

  /// The state bytes of the chunk that `next()` gave, lent until the next call; none after another
  /// record.
  @_lifetime(&self)
  mutating func chunkBytes() throws(Failure) -> RawSpan

  /// Gives the state bytes of `chunk`, which `next()` gave, to `sink`.
  ///
  /// Lends them unless the source does it otherwise: one that has them in a buffer of its own may
  /// give that away.
  mutating func copy<Sink: RecordSink & ~Copyable>(
    _ chunk: StateChunk, into sink: inout Sink
  ) throws(CopyError<Failure, Sink.Failure>)
}

/// A source that knows where in a stream it is, and whether the state that it gave has the digest
/// of its summary.
public protocol VerifyingRecordSource: RecordSource, ~Copyable {
  /// Where the record that `next()` gave begins.
  var recordOffset: UInt64 { get }

  /// The number of the record that `next()` gave, counted from 0.
  var recordNumber: UInt32 { get }

  /// Whether the state of `device` was held against the digest of its summary.
  func isVerified(device: UInt16) -> Bool
}

/// Which side of a copy failed.
public enum CopyError<SourceFailure: Error, SinkFailure: Error>: Error {
  case source(SourceFailure)
  case sink(SinkFailure)

  /// What that side failed with.
  public var cause: any Error {
    switch self {
    case .source(let cause): cause
    case .sink(let cause): cause
    }
  }
}

// MARK: Copying

extension RecordSource where Self: ~Copyable {
  /// Copies every record that is left into `sink`, which the caller finishes.
  ///
  /// Optional records are copied whatever they mean. Chunks stay as they are, unless they are
  /// longer than the sink's limit. `progress` is called after each record.
  public mutating func copy<Sink: RecordSink & ~Copyable>(
    into sink: inout Sink, progress: (borrowing Self) -> Void = { _ in }
  ) throws(CopyError<Failure, Sink.Failure>) {
    try copyRecords(into: &sink, progress)
  }

  /// The same into a sink that fails as the source does, such as from one file into another.
  public mutating func copy<Sink: RecordSink & ~Copyable>(
    into sink: inout Sink, progress: (borrowing Self) -> Void = { _ in }
  ) throws(Failure) where Sink.Failure == Failure {
    do throws(CopyError<Failure, Failure>) {
      try copyRecords(into: &sink, progress)
    } catch {
      switch error {
      case .source(let cause), .sink(let cause): throw cause
      }
    }
  }

  private mutating func copyRecords<Sink: RecordSink & ~Copyable>(
    into sink: inout Sink, _ progress: (borrowing Self) -> Void
  ) throws(CopyError<Failure, Sink.Failure>) {
    while let record = try nextToCopy(to: Sink.self) {
      if case .chunk(let chunk) = record {
        if sink.wantsState(of: chunk.device) { try copy(chunk, into: &sink) }
      } else {
        do throws(Sink.Failure) {
          try sink.write(record)
        } catch {
          throw .sink(error)
        }
      }
      progress(self)
    }
  }

  private mutating func nextToCopy<Sink: RecordSink & ~Copyable>(
    to _: Sink.Type
  ) throws(CopyError<Failure, Sink.Failure>) -> Record? {
    do throws(Failure) {
      return try next()
    } catch {
      throw .source(error)
    }
  }

  /// Lends the bytes of `chunk`, in parts if the sink's limit is lower.
  public mutating func copy<Sink: RecordSink & ~Copyable>(
    _ chunk: StateChunk, into sink: inout Sink
  ) throws(CopyError<Failure, Sink.Failure>) {
    var rest: RawSpan
    do throws(Failure) {
      rest = try chunkBytes()
    } catch {
      throw .source(error)
    }
    let limit = Int(sink.limits.chunkByteCount)
    var isFirst = true
    while rest.byteCount > 0 {
      let part = rest.extracting(first: limit)
      rest = rest.extracting(droppingFirst: part.byteCount)
      let context = chunk.context.ofPart(isFirst: isFirst, isLast: rest.byteCount == 0)
      isFirst = false
      do throws(Sink.Failure) {
        try sink.write(part, device: chunk.device, context: context)
      } catch {
        throw .sink(error)
      }
    }
  }
}

extension StateChunk.Context {
  /// The context of a part of a chunk: what begins with a chunk begins with its first part, and
  /// what ends with it ends with its last.
  fileprivate func ofPart(isFirst: Bool, isLast: Bool) -> Self {
    var context = self
    if !isFirst { context.flags.remove(.reinitialized) }
    if !isLast { context.flags.subtract([.lastOfInitialData, .lastOfIteration]) }
    return context
  }
}
