import ByteIO

/// Writes the right checksum wherever the format has one, as far as the records can be followed, and numbers the records.
///
/// Chance does not get past a CRC; with this, mutations reach what lies behind.
func mendChecksums(_ stream: inout [UInt8]) {
  let headerByteCount = 56
  let recordHeaderByteCount = 32
  guard stream.count >= headerByteCount else { return }
  stream.store(stream.checksum(0..<52), at: 52)
  let uuidChecksum = stream.checksum(20..<36)

  var start = headerByteCount
  var sequence: UInt32 = 0
  while stream.count - start >= recordHeaderByteCount {
    if stream.hasFooter(at: start) {
      stream.store(stream.checksum(start..<start + 24), at: start + 24)
      return
    }
    let payload = start + recordHeaderByteCount
    let stored = Int(stream.span.raw.little(UInt32.self, at: start + 20))
    let end = payload + min(stored, stream.count - payload)
    stream.store(sequence, at: start + 4)
    stream.store(stream.checksum(payload..<end), at: start + 24)
    stream.store(stream.checksum(start..<start + 28, continuing: uuidChecksum), at: start + 28)
    start = end
    sequence &+= 1
  }
}

extension [UInt8] {
  fileprivate func checksum(_ range: Range<Int>, continuing checksum: UInt32 = 0) -> UInt32 {
    CRC32C.checksum(of: span.raw.extracting(range), continuing: checksum)
  }

  fileprivate mutating func store(_ value: UInt32, at offset: Int) {
    for index in 0..<4 { self[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
  }

  /// Whether the last 32 bytes begin here and end in the footer's magic.
  fileprivate func hasFooter(at offset: Int) -> Bool {
    offset + 32 == count && self[(offset + 28)...].elementsEqual([0x44, 0x4d, 0x53, 0x0a])
  }
}
