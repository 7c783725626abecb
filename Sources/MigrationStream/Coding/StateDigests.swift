package import ByteIO

/// The digest of each device's state, as far as it was seen.
package struct StateDigests {
  private struct Entry {
    let digest: StateDigest
    /// The state bytes that went into it: fewer than there are if chunks were passed over.
    var byteCount: UInt64 = 0
  }

  private var entries: [Entry] = []

  package init() {}

  /// Makes room for the next device; false if memory is short.
  package mutating func addDevice() -> Bool {
    guard let digest = StateDigest() else { return false }
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

  /// The state bytes of `device` that were seen.
  func byteCount(of device: UInt16) -> UInt64 { entries[Int(device)].byteCount }

  /// The digest of those.
  func value(of device: UInt16) -> Digest { entries[Int(device)].digest.value }

  /// Throws if a summary has another digest than the state, of which every byte was seen; false
  /// if not every byte was.
  package func check(
    _ summary: DeviceSummary, of device: UInt16, at place: RecordLocation
  ) throws(StreamError) -> Bool {
    guard byteCount(of: device) == summary.byteCount else { return false }
    if let digest = summary.digest, digest.algorithm == .xxh3 {
      let actual = value(of: device)
      guard digest == actual else {
        throw place.error(.digestMismatch, expected: "state with \(digest)", found: "\(actual)")
      }
    }
    return true
  }
}
