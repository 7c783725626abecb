package import ByteIO

/// The digests of each device's state, as far as it was seen.
///
/// The algorithm of a device's digest stands behind its state: who goes through a stream once
/// computes all that are known.
package struct StateDigests {
  private struct Entry {
    let digest: StateDigest
    /// The state bytes that went into it: fewer than there are if chunks were passed over.
    var byteCount: UInt64 = 0
  }

  private let algorithms: Set<Digest.Algorithm>
  private var entries: [Entry] = []

  /// The digests by these algorithms, of no device yet.
  package init(_ algorithms: Set<Digest.Algorithm>) { self.algorithms = algorithms }

  /// Makes room for the next device; false if memory is short.
  package mutating func addDevice() -> Bool {
    guard let digest = StateDigest(algorithms) else { return false }
    entries.append(Entry(digest: digest))
    return true
  }

  /// Takes the bytes of a device's next chunk.
  package mutating func update(_ bytes: RawSpan, of device: UInt16) {
    entries[Int(device)].digest.update(bytes)
    entries[Int(device)].byteCount += UInt64(bytes.byteCount)
  }

  /// The same for bytes that a buffer holds.
  package mutating func update(
    _ buffer: borrowing ByteBuffer, _ range: Range<Int>, of device: UInt16
  ) {
    update(buffer.bytes.extracting(range), of: device)
  }

  /// The same for the state bytes of the chunk that `decoder` has decoded, whose payload is in
  /// `buffer`.
  package mutating func update(
    _ header: RecordHeader, from decoder: borrowing ChunkDecoder, in buffer: borrowing ByteBuffer
  ) {
    update(decoder.bytes(of: header, payload: buffer.bytes), of: header.device)
  }

  /// The state bytes of `device` that were seen.
  func byteCount(of device: UInt16) -> UInt64 { entries[Int(device)].byteCount }

  /// The digest of those by `algorithm`; nil if it is not computed.
  package func value(_ algorithm: Digest.Algorithm, of device: UInt16) -> Digest? {
    entries[Int(device)].digest.value(algorithm)
  }

  /// Throws if a summary has another digest than the state, of which every byte was seen; false
  /// if not every byte was, or nobody computed such a digest.
  package func check(
    _ summary: DeviceSummary, of device: UInt16, at place: RecordLocation
  ) throws(StreamError) -> Bool {
    guard byteCount(of: device) == summary.byteCount else { return false }
    guard let digest = summary.digest else { return true }
    guard let actual = value(digest.algorithm, of: device) else { return false }
    guard digest == actual else {
      throw place.error(.digestMismatch, expected: "state with \(digest)", found: "\(actual)")
    }
    return true
  }
}
