public import ByteIO

/// Where records go: a stream in a file, a target, a report; or a transform, which gives them to
/// the next sink.
///
/// Records come in the order of the format: stream information, then for each device its identity
/// and what else is known of it, then state, then the end. State is lent for a call only, so what
/// changes records on their way is a sink too.
public protocol RecordSink: ~Copyable {
  /// What a sink throws that cannot take a record.
  associatedtype Failure: Error

  /// The limits that the sink keeps to.
  var limits: StreamLimits { get }

  /// Takes a record that is not state, as `StreamEncoder.write(_:)` does.
  mutating func write(_ record: Record) throws(Failure)

  /// Whether the sink has a use for the state of `device`; a copy passes over, and does not decode,
  /// what it has none for.
  func wantsState(of device: UInt16) -> Bool

  /// Takes the next of a device's state: at least one byte, at most the chunk limit.
  mutating func write(
    _ chunk: RawSpan, device: UInt16, context: StateChunk.Context
  ) throws(Failure)

  /// Takes the next of a device's state out of `buffer`, which is empty afterwards.
  ///
  /// The sink may keep the buffer's memory and leave other in its place: so nothing is copied if a
  /// chunk is coded on another thread.
  mutating func write(
    from buffer: inout ByteBuffer, device: UInt16, context: StateChunk.Context
  ) throws(Failure)

  /// Waits until all that was written is where it goes, if the sink can tell.
  ///
  /// So the time of a round of pre-copy is that of the link, and a device that is stopped then
  /// waits for its own state only.
  mutating func flush() throws(Failure)

  /// Sums up and ends. A sink dropped without it leaves a torn stream, which readers report.
  consuming func finish() throws(Failure)
}

extension RecordSink where Self: ~Copyable {
  /// The state of every device, unless the sink says otherwise.
  public func wantsState(of device: UInt16) -> Bool { true }

  /// Waits for nothing.
  public mutating func flush() throws(Failure) {}

  /// Writes what `buffer` holds and empties it.
  public mutating func write(
    from buffer: inout ByteBuffer, device: UInt16, context: StateChunk.Context
  ) throws(Failure) {
    try write(buffer.bytes, device: device, context: context)
    buffer.removeAll()
  }

  /// Writes the records of `introduction`, which must be the next device's.
  public mutating func write(_ introduction: DeviceIntroduction) throws(Failure) {
    for record in introduction.records { try write(record) }
  }
}
