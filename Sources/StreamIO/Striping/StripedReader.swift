import ByteIO
public import MigrationStream

/// A stream whose chunks stand in several channels, read as one.
///
/// Reads from the channel whose turn it is, and waits for it; what comes through the others
/// meanwhile stays with their sources. What all channels say alike is held against each other.
public struct StripedReader: ~Copyable {
  /// Reads a channel, in a place that an array can keep.
  private final class Channel {
    var reader: StreamReader
    // A record that was looked at, and not taken.
    private var pending: Record?

    init(_ reader: consuming StreamReader) { self.reader = reader }

    /// The next record that is not of the channel's own index; nil behind its footer.
    func next() throws(StreamIOError) -> Record? {
      if let record = pending.take() { return record }
      while let record = try reader.next() {
        if case .index = record { continue }
        return record
      }
      return nil
    }

    func putBack(_ record: Record?) { pending = record }

    /// An error about the record that came last.
    func error(
      _ code: StreamError.Code, expected: String, found: String
    ) -> StreamIOError {
      StreamIOError(
        reader.path, .stream(place.error(code, expected: expected, found: found)))
    }

    var place: RecordLocation {
      RecordLocation(
        payloadOffset: reader.recordOffset, record: reader.recordHeader?.sequence ?? 0,
        device: reader.recordHeader?.deviceNumber)
    }
  }

  private enum Stage { case introductions, state, summaries, ended }

  private var channels: [Channel]
  private var stage = Stage.introductions
  private var hasHeaders = false
  // The channel that has the next chunk, or else the record that comes next.
  private var turn = 0
  private var ledger: StripeLedger
  private var verified: Set<UInt16> = []
  // The channel that has the chunk at hand, until that is decoded.
  private var undecoded: Int?
  private var chunk = StoredRecord()
  private var hasChunk = false

  /// Where the record that `next()` gave begins in its channel.
  public private(set) var recordOffset: UInt64 = 0
  /// The number of the record that `next()` gave, in its channel.
  public private(set) var recordNumber: UInt32 = 0

  /// A reader of `channelCount` channels at their starts, which `open` gives by their numbers;
  /// their limits must take one channel by itself.
  public init<Failure: Error>(
    channelCount: Int, open: (UInt16) throws(Failure) -> StreamReader
  ) throws(Failure) {
    try self.init(channelCount: channelCount, digests: Digest.Algorithm.known, open: open)
  }

  /// The same with digests by these algorithms: state with a digest by another is not verified.
  package init<Failure: Error>(
    channelCount: Int, digests algorithms: Set<Digest.Algorithm>,
    open: (UInt16) throws(Failure) -> StreamReader
  ) throws(Failure) {
    ledger = StripeLedger(digests: algorithms)
    var channels: [Channel] = []
    for number in 0..<channelCount { channels.append(Channel(try open(UInt16(number)))) }
    self.channels = channels
  }

  /// The header of channel 0, once `next()` was called.
  public var header: StreamHeader? { channels.first?.reader.header }

  /// Reads the headers, and puts the channels in the order of their numbers, for who does not know
  /// it; the header of channel 0.
  public mutating func open() throws(StreamIOError) -> StreamHeader {
    for channel in channels { channel.putBack(try channel.next()) }
    channels.sort { ($0.reader.header?.channel ?? 0) < ($1.reader.header?.channel ?? 0) }
    for number in channels.indices { try checkHeader(of: number) }
    guard let header else {
      throw StreamIOError("no channel", .content("expected a channel, found none"))
    }
    return header
  }

  /// The next record of the stream, or nil once every channel came to its end.
  public mutating func next() throws(StreamIOError) -> Record? {
    undecoded = nil
    hasChunk = false
    while let channel = channels.indices.contains(turn) ? channels[turn] : nil {
      let record = try channel.next()
      if !hasHeaders { try checkHeader(of: turn) }
      recordOffset = channel.reader.recordOffset
      recordNumber = channel.reader.recordNumber
      switch (stage, record) {
      case (.introductions, .chunk), (.introductions, .summary):
        stage = .state
        channel.putBack(record)
      case (.state, .chunk(let chunk)):
        try take(chunk, of: channel)
        return record
      case (.state, .summary) where turn > 0:
        // Channel 0 may have records behind its last chunk; from here on it leads.
        stage = .summaries
        channel.putBack(record)
        turn = 0
      case (.introductions, _), (.state, .summary), (.summaries, .summary),
        (.summaries, .end):
        try takeAlike(record)
        // The end of the whole stream, in place of that of a channel.
        if case .end = record { return .end(ledger.totals) }
        return record
      case (.state, .optional) where turn == 0, (.summaries, .optional) where turn == 0:
        return record
      case (.ended, nil):
        try requireAlike(nil)
        return nil
      default:
        throw channel.error(
          .misplacedRecord, expected: "the next chunk, or the summaries", found: "another record")
      }
    }
    return nil
  }

  private mutating func take(_ chunk: StateChunk, of channel: Channel) throws(StreamIOError) {
    guard chunk.stateOffset == ledger.end(of: chunk.device) else {
      throw channel.error(
        .discontinuousState, expected: "state from offset \(ledger.end(of: chunk.device))",
        found: "state from offset \(chunk.stateOffset)")
    }
    _ = ledger.add(byteCount: Int(chunk.byteCount), of: chunk.device)
    undecoded = turn
    turn = (turn + 1) % channels.count
  }

  /// Takes a record that stands in every channel.
  private mutating func takeAlike(_ record: Record?) throws(StreamIOError) {
    if case .end = record {
      stage = .ended
      for channel in channels.dropFirst() {
        guard case .end = try channel.next() else {
          throw channel.error(.misplacedRecord, expected: "the end", found: "another record")
        }
      }
      return
    }
    try requireAlike(record)
    hasHeaders = true
    switch record {
    case .identity: try ledger.addDevice()
    case .summary(let summary, let device):
      stage = .summaries
      do throws(StreamError) {
        if try ledger.check(summary, of: device, at: channels[0].place) { verified.insert(device) }
      } catch {
        throw StreamIOError(channels[0].reader.path, .stream(error))
      }
    default: break
    }
  }

  private func requireAlike(_ record: Record?) throws(StreamIOError) {
    for (number, channel) in channels.enumerated().dropFirst() {
      let found = try channel.next()
      if !hasHeaders { try checkHeader(of: number) }
      guard found == record else {
        throw channel.error(
          .misplacedRecord, expected: "the record that channel 0 has there", found: "another")
      }
    }
  }

  /// Throws unless a channel, whose header came, has its place in the stream of channel 0.
  private func checkHeader(of number: Int) throws(StreamIOError) {
    guard var expected = header, let found = channels[number].reader.header else { return }
    expected.channel = UInt16(number)
    expected.channelCount = UInt16(channels.count)
    guard found != expected else { return }
    throw StreamIOError(
      channels[number].reader.path,
      .content(
        "expected channel \(number) of \(channels.count) of the stream \(expected.uuid), with the limits of "
          + "channel 0, found channel \(found.channel) of \(found.channelCount) of \(found.uuid)"))
  }
}

extension StripedReader: VerifyingRecordSource {
  /// The state bytes of the chunk that `next()` gave; none after another record.
  @_lifetime(&self)
  public mutating func chunkBytes() throws(StreamIOError) -> RawSpan {
    if let number = undecoded {
      try channels[number].reader.exchangeChunk(&chunk)
      ledger.digest(chunk)
      undecoded = nil
      hasChunk = true
    }
    return hasChunk ? chunk.stateBytes : RawSpan()
  }

  /// Whether the state of `device` was held against its summary, and the digest there.
  public func isVerified(device: UInt16) -> Bool { verified.contains(device) }
}
