import ByteIO
import TestSupport
import Testing

@Suite struct ByteReaderTests {
  @Test(arguments: seeds(32))
  func aReaderGivesBackWhatAWriterTook(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let (small, wide) = (UInt16.random(in: .min ... .max, using: &random), random.next())
    let counts = (0..<8).map { _ in random.next() >> UInt64.random(in: 0..<64, using: &random) }
    var writer = ByteWriter()
    writer.little(small)
    writer.big(wide)
    for count in counts { writer.leb128(count) }
    writer.append([1, 2, 3])
    let bytes = writer.bytes
    var reader = ByteReader(bytes.span.raw, baseOffset: 100)
    #expect(try reader.little(UInt16.self) == small)
    #expect(try reader.big(UInt64.self) == wide)
    for count in counts { #expect(try reader.leb128() == count) }
    #expect(reader.offset == 100 + UInt64(bytes.count) - 3)
    try reader.skip(1)
    let rest = try reader.take(2)
    #expect(rest[byte: 0] == 2 && rest[byte: 1] == 3)
    let isAtEnd = reader.isAtEnd
    #expect(isAtEnd)
  }

  /// Each way to read behind the end throws the place, and takes nothing.
  @Test func nothingIsReadBehindTheEnd() throws {
    let bytes: [UInt8] = [1, 2, 3]
    var reader = ByteReader(bytes.span.raw, baseOffset: 7)
    #expect(error { () throws(ByteError) in try reader.skip(4) } == end(needed: 4, left: 3, at: 7))
    try reader.skip(1)
    #expect(
      error { () throws(ByteError) in _ = try reader.little(UInt32.self) }
        == end(needed: 4, left: 2, at: 8))
    #expect(
      error { () throws(ByteError) in _ = try reader.big(UInt32.self) }
        == end(needed: 4, left: 2, at: 8))
    #expect(
      error { () throws(ByteError) in _ = try reader.take(3) } == end(needed: 3, left: 2, at: 8))
    #expect(try reader.little(UInt16.self) == 0x0302)
  }

  @Test(arguments: [
    // Longer than necessary, 65 bits, and one that does not end.
    ([0x80, 0x00], ByteError.Code.malformedLEB128),
    (Array(repeating: 0xff, count: 9) + [0x02], .malformedLEB128),
    ([0x80], .endOfInput(needed: 1, left: 0)),
  ])
  func aNumberHasOneForm(bytes: [UInt8], code: ByteError.Code) {
    var reader = ByteReader(bytes.span.raw)
    #expect(error { () throws(ByteError) in _ = try reader.leb128() }?.code == code)
  }

  private func end(needed: Int, left: Int, at offset: UInt64) -> ByteError {
    ByteError(.endOfInput(needed: needed, left: left), at: offset)
  }

  private func error(_ body: () throws(ByteError) -> Void) -> ByteError? {
    do throws(ByteError) {
      try body()
      return nil
    } catch {
      return error
    }
  }
}
