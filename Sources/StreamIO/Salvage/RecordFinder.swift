import ByteIO
import MigrationStream

/// Finds intact record headers in a file that may be damaged anywhere.
struct RecordFinder {
  /// The stream header, or what can be made of it.
  let header: StreamHeader
  /// What is wrong with the stream header.
  let headerDefect: StreamError?
  /// Where the records end: before the footer, or with the file.
  private(set) var contentEnd: UInt64
  private(set) var footer: StreamFooter?
  let check: RecordCheck

  init(_ input: borrowing StreamBytes) throws(StreamIOError) {
    let byteCount = input.byteCount
    var start = ByteBuffer()
    try input.read(into: &start, at: 0, count: StreamHeader.byteCount)
    var end = ByteBuffer()
    if byteCount >= UInt64(StreamHeader.byteCount + StreamFooter.byteCount) {
      try input.read(
        into: &end, at: byteCount - UInt64(StreamFooter.byteCount),
        count: StreamFooter.byteCount)
    }
    let footer = StreamFooter(parsing: end.bytes)
    let intact: StreamHeader?
    let defect: StreamError?
    do throws(StreamError) {
      guard start.count == StreamHeader.byteCount else {
        throw StreamError(
          .notAStream, at: 0, expected: "a .dms stream", found: "\(byteCount) bytes")
      }
      intact = try StreamHeader(parsing: start.bytes)
      defect = nil
    } catch {
      intact = nil
      defect = error
    }
    // A header that only a newer version may have written is no damage.
    if let defect, start.count == StreamHeader.byteCount,
      defect.code == .unsupportedVersion || defect.code == .unsupportedFeature,
      CRC32C.checksum(of: start.bytes.extracting(0..<52))
        == start.bytes.little(UInt32.self, at: 52)
    {
      throw StreamIOError(input.name, .stream(defect))
    }
    let header: StreamHeader
    if let intact {
      header = intact
    } else {
      // Damage may have hit the UUID; the footer has it too.
      guard start.count == StreamHeader.byteCount,
        var guess = StreamHeader(unchecked: start.bytes, isPlausible: footer != nil)
      else {
        throw StreamIOError(
          input.name,
          .stream(
            defect
              ?? StreamError(.notAStream, at: 0, expected: "a .dms stream", found: "none")))
      }
      if let footer { guess.uuid = footer.uuid }
      header = guess
    }
    self.header = header
    headerDefect = defect
    self.footer = footer?.uuid == header.uuid ? footer : nil
    contentEnd = self.footer == nil ? byteCount : byteCount - UInt64(StreamFooter.byteCount)
    var checked = header
    if intact == nil {
      checked.mandatoryFeatures = .supported
      checked.limits = StreamLimits(
        chunkByteCount: UInt32(StreamLimits.chunkRange.upperBound),
        metadataByteCount: UInt32(DecodingLimits.standard.metadataByteCount),
        // Only places in the file are held in it.
        windowByteCount: .max)
    }
    check = RecordCheck(checked)
  }

  /// The record header at `offset`, if it is intact and its record ends with `end` or before.
  func recordHeader(
    at offset: UInt64, before end: UInt64, in input: borrowing StreamBytes
  ) throws(StreamIOError) -> RecordHeader? {
    var buffer = ByteBuffer(capacity: RecordHeader.byteCount)
    try input.read(into: &buffer, at: offset, count: RecordHeader.byteCount)
    guard buffer.count == RecordHeader.byteCount else { return nil }
    return recordHeader(in: buffer.bytes, at: offset, before: end)
  }

  private func recordHeader(
    in bytes: RawSpan, at offset: UInt64, before end: UInt64
  ) -> RecordHeader? {
    guard let header = check.intactHeader(in: bytes),
      offset + UInt64(RecordHeader.byteCount) + UInt64(header.storedByteCount) <= end
    else { return nil }
    return header
  }

  /// Takes what looked like the footer for part of a record: the records end with the file.
  mutating func dropFooter() {
    guard footer != nil else { return }
    footer = nil
    contentEnd += UInt64(StreamFooter.byteCount)
  }

  /// Where the next intact header of a known type begins after `offset`, of a record that ends
  /// within the file; the end of the content if there is none.
  func nextRecord(
    after offset: UInt64, sequence: UInt32?, in input: borrowing StreamBytes
  ) throws(StreamIOError) -> UInt64 {
    let headerCount = RecordHeader.byteCount
    var window = ByteBuffer()
    var start = offset + 1
    while start + UInt64(headerCount) <= contentEnd {
      let count = Int(min(contentEnd - start, 1 << 20))
      try input.read(into: &window, at: start, count: count)
      guard window.count >= headerCount else { break }
      let bytes = window.bytes
      for index in 0...window.count - headerCount {
        // Nearly every place is ruled out by the type or the number, before anything is summed.
        guard (1...RecordType.index.rawValue).contains(bytes[byte: index]),
          sequence.map({ bytes.little(UInt32.self, at: index + 4) > $0 }) ?? true,
          recordHeader(
            in: bytes.extracting(droppingFirst: index), at: start + UInt64(index),
            before: input.byteCount) != nil
        else { continue }
        return start + UInt64(index)
      }
      start += UInt64(window.count - headerCount + 1)
    }
    return contentEnd
  }

  /// The index entries of chunks whose record headers are damaged, by their offsets.
  func damagedHeadersInIndex(
    of input: borrowing StreamBytes
  ) throws(StreamIOError) -> [UInt64: IndexEntry] {
    var entries: [UInt64: IndexEntry] = [:]
    var chain = IndexChain(last: footer?.indexOffset, before: contentEnd)
    var buffer = ByteBuffer()
    do throws(StreamIOError) {
      while entries.count < 100_000,
        let (_, block) = try input.indexBlock(of: &chain, check, buffer: &buffer)
      {
        for number in 0..<block.entryCount {
          guard let entry = check.entry(in: block.entry(number)),
            entry.recordOffset < contentEnd, entry.endOffset <= contentEnd,
            try recordHeader(at: entry.recordOffset, before: contentEnd, in: input) == nil
          else { continue }
          entries[entry.recordOffset] = entry
        }
      }
    } catch {
      guard case .stream = error.cause else { throw error }
    }
    return entries
  }
}
