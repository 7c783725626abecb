extension RecordHeader {
  /// Throws if the header contradicts the format, or what the stream's has of limits and
  /// features; so what it says is safe to allocate.
  package func check(
    limits: StreamLimits, features: StreamHeader.MandatoryFeatures, at offset: UInt64
  ) throws(StreamError) {
    let place = RecordLocation(payloadOffset: offset, record: sequence, device: deviceNumber)
    if type == .stateChunk {
      try checkChunk(limits: limits, features, at: place)
    } else {
      try checkMetadata(limits: limits, at: place)
    }
  }

  private func checkMetadata(limits: StreamLimits, at place: RecordLocation) throws(StreamError) {
    guard storedByteCount <= limits.metadataByteCount else {
      throw place.error(
        .limitExceeded, expected: "at most \(limits.metadataByteCount) bytes of \(type)",
        found: "\(storedByteCount)")
    }
    guard type.rawValue != 0, encoding == .raw, rawByteCount == storedByteCount, stateOffset == 0
    else {
      throw place.error(
        .malformedRecord, expected: "a record of \(type) stored as it is",
        found: "\(encoding) of \(rawByteCount) bytes in \(storedByteCount) at \(stateOffset)")
    }
  }

  private func checkChunk(
    limits: StreamLimits, _ features: StreamHeader.MandatoryFeatures, at place: RecordLocation
  ) throws(StreamError) {
    guard (1...limits.chunkByteCount).contains(rawByteCount) else {
      throw place.error(
        .limitExceeded, expected: "a chunk of 1 to \(limits.chunkByteCount) bytes",
        found: "\(rawByteCount)")
    }
    let head = UInt32(StateChunk.headByteCount)
    let allowed: ClosedRange<UInt32>
    switch encoding {
    case .raw: allowed = head + rawByteCount...head + rawByteCount
    case .fill: allowed = head + 1...head + 1
    case .zstd: allowed = head + 1...head + rawByteCount
    case .dictionary where features.contains(.dictionaries):
      allowed = head + 1...head + rawByteCount
    case .delta where limits.windowByteCount > 0:
      allowed = head + 1...head + rawByteCount + ChunkEncoding.deltaExcess
    default:
      throw place.error(
        .malformedRecord, expected: "an encoding of this stream's features", found: "\(encoding)")
    }
    guard allowed.contains(storedByteCount) else {
      throw place.error(
        .malformedRecord,
        expected: "\(allowed.lowerBound) to \(allowed.upperBound) bytes for \(rawByteCount) as "
          + "\(encoding)", found: "\(storedByteCount)")
    }
  }
}
