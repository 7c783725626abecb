import ByteIO
import MigrationStream

/// Writes the right checksum wherever the format has one, as far as the records can be followed,
/// and numbers the records.
///
/// Chance does not get past a CRC; with this, mutations reach what lies behind. `withIndex` writes
/// the index of the records there are, too, as far as its blocks have room for it.
public func mendChecksums(_ stream: inout [UInt8], withIndex: Bool = false) {
  let headerByteCount = 56
  let recordHeaderByteCount = 32
  guard stream.count >= headerByteCount else { return }
  stream.store(stream.checksum(0..<52), at: 52)
  let uuidChecksum = stream.checksum(20..<36)

  var start = headerByteCount
  var sequence: UInt32 = 0
  var index = Index()
  while stream.count - start >= recordHeaderByteCount {
    if stream.hasFooter(at: start) {
      if withIndex { stream.store(UInt64(index.lastBlock), at: start) }
      stream.store(stream.checksum(start..<start + 24), at: start + 24)
      return
    }
    let payload = start + recordHeaderByteCount
    let stored = Int(stream.span.raw.little(UInt32.self, at: start + 20))
    let end = payload + min(stored, stream.count - payload)
    stream.store(sequence, at: start + 4)
    if withIndex, stream[start] == RecordType.index.rawValue {
      index.mend(&stream, payload..<end)
      index = Index(lastBlock: start)
    }
    stream.store(stream.checksum(payload..<end), at: start + 24)
    stream.store(stream.checksum(start..<start + 28, continuing: uuidChecksum), at: start + 28)
    if stream[start] == RecordType.stateChunk.rawValue { index.add(start, in: stream) }
    start = end
    sequence &+= 1
  }
}

/// The entries since the last index block.
private struct Index {
  var lastBlock = 0
  private var entries: [[UInt8]] = []

  init(lastBlock: Int = 0) { self.lastBlock = lastBlock }

  mutating func add(_ start: Int, in stream: [UInt8]) {
    let end = min(start + IndexEntry.byteCount - 8, stream.count)
    entries.append(
      (0..<8).map { UInt8(truncatingIfNeeded: start >> (8 * $0)) } + stream[start..<end])
  }

  /// Writes the entries to the end of a block's payload, and before them where the last block is.
  func mend(_ stream: inout [UInt8], _ payload: Range<Int>) {
    let bytes = entries.suffix(payload.count / IndexEntry.byteCount).flatMap { $0 }
    stream.replaceSubrange(payload.upperBound - bytes.count..<payload.upperBound, with: bytes)
    if payload.count >= bytes.count + 10,
      stream[payload.lowerBound..<payload.lowerBound + 2] == [2, 8]
    {
      stream.store(UInt64(lastBlock), at: payload.lowerBound + 2)
    }
  }
}

extension [UInt8] {
  fileprivate func checksum(_ range: Range<Int>, continuing checksum: UInt32 = 0) -> UInt32 {
    CRC32C.checksum(of: span.raw.extracting(range), continuing: checksum)
  }

  fileprivate mutating func store(_ value: some FixedWidthInteger, at offset: Int) {
    for index in 0..<value.bitWidth / 8 {
      self[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
    }
  }

  /// Whether the last 32 bytes begin here and end in the footer's magic.
  fileprivate func hasFooter(at offset: Int) -> Bool {
    offset + 32 == count && self[(offset + 28)...].elementsEqual([0x44, 0x4d, 0x53, 0x0a])
  }
}
