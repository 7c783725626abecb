import ByteIO

/// What a stream amounts to so far, and whether a record may come next: the rules that encoder and
/// decoder share.
package struct StreamLedger: ~Copyable {
  /// What a device's records amount to so far.
  struct Device {
    var has: Set<RecordType> = []
    /// Where its state ended so far; what other channels have is counted in.
    var byteCount: UInt64 = 0
    var chunkCount: UInt64 = 0
    var phase: StateChunk.Phase?
    var isSummarized = false
  }

  package private(set) var order = RecordOrder.start
  private(set) var devices: [Device] = []
  private(set) var digests: StateDigests
  private(set) var totals = StreamTotals()
  private var channel: UInt16 = 0
  private var channelCount: UInt16 = 1
  // The chunks of all channels, by the summaries so far.
  private var summarizedChunkCount: UInt64 = 0

  /// The books of a stream whose states get digests by these algorithms.
  package init(digests algorithms: Set<Digest.Algorithm>) { digests = StateDigests(algorithms) }

  /// Takes note of which channel the stream is.
  mutating func begin(_ header: StreamHeader) {
    channel = header.channel
    channelCount = header.channelCount
  }

  /// Takes note of a record with this header, or throws because it must not come here; then nothing
  /// has changed.
  ///
  /// `chunk` is what a state chunk's header and head say.
  package mutating func admit(
    _ header: RecordHeader, chunk: StateChunk? = nil, at place: RecordLocation,
    deviceLimit: Int = DecodingLimits.everyReadersDeviceCount
  ) throws(StreamError) {
    guard let next = order.next(after: header.type) else {
      throw place.error(
        .misplacedRecord, expected: order.expectation, found: "a record of \(header.type)")
    }
    try checkDevice(of: header, at: place)
    if let chunk {
      try check(chunk, at: place)
      add(chunk)
    }
    switch header.type {
    case .deviceIdentity:
      guard devices.count < min(deviceLimit, Int(RecordHeader.noDevice)) else {
        throw place.error(
          .unwilling, expected: "at most \(devices.count) devices", found: "another")
      }
      guard digests.addDevice() else {
        throw place.error(.compression, expected: "memory for a digest", found: "none")
      }
      devices.append(Device())
    case .configurationSpace, .interruptState, .pasidTable:
      guard devices[devices.count - 1].has.insert(header.type).inserted else {
        throw place.error(
          .misplacedRecord, expected: "one record of \(header.type) for a device",
          found: "a second")
      }
    case .deviceSummary:
      guard !devices[Int(header.device)].isSummarized else {
        throw place.error(
          .misplacedRecord, expected: "one summary for a device", found: "a second")
      }
      devices[Int(header.device)].isSummarized = true
    case .end:
      if let missing = devices.firstIndex(where: { !$0.isSummarized }) {
        throw place.error(
          .misplacedRecord, expected: "the summary of device \(missing)", found: "the end")
      }
    default: break
    }
    order = next
  }

  private func checkDevice(of header: RecordHeader, at place: RecordLocation) throws(StreamError) {
    let allowed: ClosedRange<Int>?
    switch header.type {
    case .streamInformation, .end, .index: allowed = nil
    case .deviceIdentity: allowed = devices.count...devices.count
    case .configurationSpace, .interruptState, .pasidTable:
      allowed = devices.count - 1...max(devices.count - 1, 0)
    case .stateChunk, .deviceSummary: allowed = 0...max(devices.count - 1, 0)
    default:
      guard let device = header.deviceNumber else { return }
      guard Int(device) < devices.count else {
        throw place.error(
          .misplacedRecord, expected: "one of \(devices.count) devices", found: "device \(device)")
      }
      return
    }
    guard let allowed else {
      guard header.device == RecordHeader.noDevice else {
        throw place.error(
          .misplacedRecord, expected: "no device in a record of \(header.type)",
          found: "device \(header.device)")
      }
      return
    }
    guard allowed.contains(Int(header.device)),
      header.type == .deviceIdentity || Int(header.device) < devices.count
    else {
      let expected =
        devices.isEmpty && header.type != .deviceIdentity
        ? "the identity of a device first"
        : allowed.count == 1
          ? "device \(allowed.lowerBound)" : "a device up to \(allowed.upperBound)"
      throw place.error(
        .misplacedRecord, expected: expected,
        found: header.deviceNumber.map { "device \($0)" } ?? "none")
    }
  }

  private func check(_ chunk: StateChunk, at place: RecordLocation) throws(StreamError) {
    let end = devices[Int(chunk.device)].byteCount
    let isNext =
      channelCount == 1
      ? chunk.stateOffset == end
      : chunk.stateOffset >= end && chunk.stateOffset <= .max - UInt64(chunk.byteCount)
    guard isNext else {
      throw place.error(
        .discontinuousState, expected: "state from offset \(end)",
        found: "state from offset \(chunk.stateOffset)")
    }
    let phase = devices[Int(chunk.device)].phase
    guard phase != .stopCopy || chunk.context.phase == .stopCopy else {
      throw place.error(
        .misplacedRecord, expected: "stop-copy state to the end", found: "pre-copy state")
    }
    guard UInt64.max - totals.stateByteCount >= UInt64(chunk.byteCount) else {
      throw place.error(
        .discontinuousState, expected: "at most 2^64 - 1 bytes of state", found: "more")
    }
  }

  /// Takes note of what the end record says of the index.
  package mutating func close(isIndexed: Bool) {
    if !isIndexed { order = .indexed }
  }

  /// Whether the footer comes next.
  package var isFooterDue: Bool { order == .indexed }

  private mutating func add(_ chunk: StateChunk) {
    let number = Int(chunk.device)
    devices[number].phase = chunk.context.phase
    devices[number].byteCount = chunk.stateOffset + UInt64(chunk.byteCount)
    devices[number].chunkCount += 1
    totals.chunkCount += 1
    totals.stateByteCount += UInt64(chunk.byteCount)
  }

  /// Takes the bytes of a device's next chunk into its digest.
  mutating func digest(_ bytes: RawSpan, of device: UInt16) {
    digests.update(bytes, of: device)
  }

  /// Throws if a summary or the end counts otherwise than the stream.
  package mutating func check(_ record: Record, at place: RecordLocation) throws(StreamError) {
    switch record {
    case .summary(let summary, let device):
      try check(summary, of: device, at: place)
      summarizedChunkCount = summarizedChunkCount.addingSaturating(summary.chunkCount)
    case .end(let totals): try check(totals, at: place)
    default: break
    }
  }

  private func check(
    _ summary: DeviceSummary, of device: UInt16, at place: RecordLocation
  ) throws(StreamError) {
    let actual = devices[Int(device)]
    let isAll = summary.byteCount == actual.byteCount && summary.chunkCount == actual.chunkCount
    // That of a channel is of the whole device.
    let isMore = summary.byteCount >= actual.byteCount && summary.chunkCount >= actual.chunkCount
    guard isAll || channelCount > 1 && isMore else {
      throw place.error(
        .totalsMismatch, expected: "\(actual.byteCount) bytes in \(actual.chunkCount) chunks",
        found: "a summary of \(summary.byteCount) bytes in \(summary.chunkCount)")
    }
  }

  private func check(_ totals: StreamTotals, at place: RecordLocation) throws(StreamError) {
    let actual = currentTotals
    guard totals.deviceCount == actual.deviceCount, totals.chunkCount == actual.chunkCount,
      totals.stateByteCount == actual.stateByteCount
    else {
      throw place.error(
        .totalsMismatch,
        expected: "an end after \(actual.deviceCount) devices, \(actual.chunkCount) chunks and "
          + "\(actual.stateByteCount) bytes",
        found: "\(totals.deviceCount), \(totals.chunkCount) and \(totals.stateByteCount)")
    }
    // Chunks are dealt to the channels in turn.
    let (rounds, rest) = summarizedChunkCount.quotientAndRemainder(dividingBy: UInt64(channelCount))
    let share = rounds + (channel < rest ? 1 : 0)
    guard totals.chunkCount == share else {
      throw place.error(
        .totalsMismatch,
        expected:
          "\(share) of \(summarizedChunkCount) chunks in channel \(channel) of \(channelCount)",
        found: "\(totals.chunkCount)")
    }
  }

  /// The summary of what came for `device`.
  func summary(of device: UInt16) -> DeviceSummary {
    let entry = devices[Int(device)]
    return DeviceSummary(
      byteCount: entry.byteCount, chunkCount: entry.chunkCount,
      digest: digests.value(.xxh3, of: device))
  }

  /// The totals of what came.
  var currentTotals: StreamTotals {
    var totals = totals
    totals.deviceCount = UInt32(devices.count)
    return totals
  }
}
