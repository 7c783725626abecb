import ByteIO

extension RAMReader {
  /// Reads the head of a block of mapped RAM and its bitmap, and passes over its pages.
  static func readMapping<Source: ByteSource & ~Copyable>(
    of block: inout RAMBlock, from input: inout LookaheadBuffer<Source>
  ) throws(QEMUReadError<Source.Failure>) {
    let offset = input.offset
    let version = try input.big(UInt32.self, "a mapped block's head")
    let pageByteCount = try input.big(UInt64.self, "a mapped block's head")
    let bitmapOffset = try input.big(UInt64.self, "a mapped block's head")
    let pagesOffset = try input.big(UInt64.self, "a mapped block's head")
    guard version == 1 else {
      throw .stream(
        QEMUStreamError(
          .unsupportedVersion, at: offset, expected: "mapped RAM of version 1",
          found: "version \(version)"))
    }
    // A shared block that is left out has no place in the file.
    if bitmapOffset == 0 && pagesOffset == 0 { return }
    guard pageByteCount.nonzeroBitCount == 1, (1 << 10...1 << 16).contains(pageByteCount) else {
      throw .stream(
        QEMUStreamError(
          .malformed, at: offset + 4, expected: "a page of 1 KiB to 64 KiB",
          found: "\(pageByteCount) bytes"))
    }
    let pageCount = block.byteCount / pageByteCount
    // The bitmap is in words of 64 bits.
    let bitmapByteCount = (pageCount + 63) / 64 * 8
    let bitmapEnd = input.offset &+ bitmapByteCount
    guard bitmapOffset == input.offset, pagesOffset >= bitmapEnd,
      !pagesOffset.addingReportingOverflow(block.byteCount).overflow
    else {
      // A stream that was taken out of its file, or whose file had more before it.
      let start = bitmapOffset >= input.offset ? bitmapOffset - input.offset : 0
      let place =
        start > 0 ? ", as of a stream that begins \(start) bytes further behind in its file" : ""
      throw .stream(
        QEMUStreamError(
          .malformed, at: offset + 12,
          expected: "the bitmap of '\(block.name)' at \(input.offset), its pages from "
            + "\(bitmapEnd) on (a file in which the stream is where it was written)",
          found: "\(bitmapOffset) and \(pagesOffset)\(place)"))
    }
    let present = try countBits(bitmapByteCount, in: &input)
    guard present <= pageCount else {
      throw .stream(
        QEMUStreamError(
          .malformed, at: bitmapOffset, expected: "at most \(pageCount) pages of '\(block.name)'",
          found: "\(present)"))
    }
    try input.skip(pagesOffset - bitmapEnd, "the gap before the pages of '\(block.name)'")
    try input.skip(block.byteCount, "the pages of '\(block.name)'")
    block.mapping = RAMBlock.Mapping(
      pageByteCount: pageByteCount, bitmapOffset: bitmapOffset, pagesOffset: pagesOffset)
    block.pages.normal = present
    block.pages.zero = pageCount - present
  }

  private static func countBits<Source: ByteSource & ~Copyable>(
    _ byteCount: UInt64, in input: inout LookaheadBuffer<Source>
  ) throws(QEMUReadError<Source.Failure>) -> UInt64 {
    var left = byteCount
    var count: UInt64 = 0
    while left > 0 {
      try input.require(8, "a bitmap")
      let part = Int(min(left, UInt64(input.available & ~7)))
      for position in stride(from: 0, to: part, by: 8) {
        count += UInt64(input.bytes.big(UInt64.self, at: position).nonzeroBitCount)
      }
      input.advance(part)
      left -= UInt64(part)
    }
    return count
  }
}
