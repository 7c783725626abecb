import PCIConfig
import PCITestSupport
import TestSupport
import Testing

/// Dumps of words, whose bytes stand in an order that only the header tells, or the characters.
@Suite struct DumpWordsTests {
  /// Words of `width` bytes, with what stands before and behind them on a line.
  enum Form: String, CaseIterable, Sendable {
    case bare, colon, shortColon, od, odHex, text, prefixed, alone

    func lines(_ bytes: [UInt8], width: Int, order: DumpedWords.Order) -> [String] {
      let count = self == .alone ? width : 16
      return stride(from: 0, to: bytes.count, by: count).map { start in
        let row = bytes[start..<start + count]
        let words = stride(from: start, to: start + count, by: width).map { word in
          let unit = Array(bytes[word..<word + width])
          return (order == .bigEndian ? unit : unit.reversed()).map { hex($0, 2) }.joined()
        }
        let joined = words.joined(separator: " ")
        switch self {
        case .bare, .alone: return joined
        case .colon: return "\(hex(start, 8)): \(joined)"
        case .shortColon: return "\(hex(start, 2)): \(joined)"
        case .od:
          let offset = String(start, radix: 8)
          return String(repeating: "0", count: 7 - offset.count) + offset + " " + joined
        case .odHex: return "\(hex(start, 6)) \(joined)"
        case .text:
          let characters = row.map { (0x20...0x7e).contains($0) ? $0 : 0x2e }
          return "\(hex(start, 8)): \(joined)  \(String(decoding: characters, as: UTF8.self))"
        case .prefixed: return words.map { "0x\($0)," }.joined(separator: " ")
        }
      }
    }

    private func hex(_ value: some BinaryInteger, _ digits: Int) -> String {
      let text = String(value, radix: 16)
      return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
  }

  private static let widths = [2, 4, 8]
  private static let orders: [DumpedWords.Order] = [.littleEndian, .bigEndian]

  private func read(_ lines: [String]) throws -> ConfigSpaceDump {
    try ConfigSpaceDump(text: Array(lines.joined(separator: "\n").utf8))
  }

  /// Every real space, in every width and order, is read as it was or refused, and is refused only
  /// where a header of 64 bytes says nothing.
  @Test(arguments: cases(DumpCorpus.all), Form.allCases)
  func theOrderOfWordsShowsInTheHeader(path: String, form: Form) throws {
    for device in try DumpCorpus.devices(path) where device.space.unknownRanges.isEmpty {
      let bytes = device.space.bytes
      guard !device.space.isAllOnes, [64, 256, 4096].contains(bytes.count) else { continue }
      for width in Self.widths where form != .alone || width < 8 {
        for order in Self.orders {
          let lines = form.lines(bytes, width: width, order: order)
          let dump = try? read(lines)
          #expect(dump?.devices.count == 1, "\(device.title) \(width) \(order)")
          #expect(dump?.devices.first?.space.bytes == bytes, "\(device.title) \(width) \(order)")
        }
      }
    }
  }

  private let space = {
    var builder = SpaceBuilder(byteCount: 256, vendor: 0x1b36)
    builder.add(standard: 0x01, at: 0x40, [3, 0])
    return builder.bytes
  }()

  @Test func whatWordsWereReadAsIsSaid() throws {
    let lines = Form.od.lines(space, width: 4, order: .bigEndian)
    let words = try #require(read(lines).devices.first?.words)
    #expect(words.bitCount == 32 && words.order == .bigEndian && words.evidence == .header)
    let xxd = Form.text.lines(space, width: 4, order: .littleEndian)
    #expect(try read(xxd).devices.first?.words?.evidence == .text)
    // Bytes that stand together are bytes.
    let plain = Form.text.lines(space, width: 2, order: .bigEndian)
    #expect(try read(plain).devices.first.map { $0.words == nil } == true)
  }

  @Test(arguments: [2, 4, 8]) func wordsThatMakeAHeaderEitherWayAreRefused(width: Int) {
    // Ids alone, which are ids in any order.
    var bytes = [UInt8](repeating: 0, count: 64)
    for index in 0..<4 { bytes[index] = 0x11 + UInt8(index) }
    if width == 8 { bytes.replaceSubrange(0..<8, with: [0x11, 1, 3, 0x14, 5, 6, 1, 0x20]) }
    let lines = Form.bare.lines(bytes, width: width, order: .littleEndian)
    let error = #expect(throws: PCIConfigError.self) { try read(lines) }
    #expect(error?.place == .text(line: 1, column: nil))
    #expect(error?.message.contains("words of \(8 * width) bits") == true)
    #expect(
      error?.message.contains("little-endian \(width == 8 ? "0111:1403" : "1211:1413")") == true)
    #expect(error?.message.contains("big-endian") == true)
  }

  /// `xxd -e` puts what is left of the last word at the right of its place.
  @Test func aShortLastWordIsRead() throws {
    let bytes = Array(space[..<70])
    var lines = Form.text.lines(Array(space[..<64]), width: 4, order: .littleEndian)
    let end = bytes[64...].map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0\(digits)" : digits
    }
    lines.append(
      "00000040: \(end[3])\(end[2])\(end[1])\(end[0])     \(end[5])\(end[4])                    ......"
    )
    #expect(try read(lines).devices.first?.space.bytes == bytes)
  }

  @Test func bitsAreRead() throws {
    let lines = stride(from: 0, to: 256, by: 6).map { start in
      let row = space[start..<min(start + 6, 256)]
      let bits = row.map { byte in
        let digits = String(byte, radix: 2)
        return String(repeating: "0", count: 8 - digits.count) + digits
      }
      let offset = String(start, radix: 16)
      return String(repeating: "0", count: 8 - offset.count) + offset + ": "
        + bits.joined(separator: " ") + "  " + String(repeating: ".", count: row.count)
    }
    #expect(try read(lines).devices.first?.space.bytes == space)
  }

  @Test func decimalOffsetsAndHyphensAreRead() throws {
    let rows = stride(from: 0, to: 256, by: 16).map { start in
      let digits = space[start..<start + 16].map { byte in
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
      return (start, digits)
    }
    func offset(_ value: Int, _ radix: Int) -> String {
      let text = String(value, radix: radix)
      return String(repeating: "0", count: 8 - text.count) + text
    }
    let decimal = rows.map { "\(offset($0, 10)): \($1.joined(separator: " "))" }
    #expect(try read(decimal).devices.first?.space.bytes == space)
    let shell = rows.map { start, digits in
      "  \(offset(start, 16)): \(digits[..<8].joined(separator: " "))-"
        + digits[8...].joined(separator: " ") + "  *................*"
    }
    #expect(try read(shell).devices.first?.space.bytes == space)
    let colons = rows.map { $1.joined(separator: ":") }
    #expect(try read(colons).devices.first?.space.bytes == space)
  }

  @Test func aStarBehindFewRowsIsNoEnd() {
    let rows = ["36 1b 10 00 07 04 10 00 02 02 08 01 00 00 00 00"]
    let zeros = Array(repeating: "00", count: 16).joined(separator: " ")
    for tail in [[zeros, "*"], [zeros, "*", rows[0], rows[0], rows[0]]] {
      let error = #expect(throws: PCIConfigError.self) { try read(rows + tail) }
      #expect(error?.place == .text(line: 3, column: nil))
      #expect(error?.message.contains("`*`") == true)
    }
  }

  /// A list of words, such as of commits, is no space.
  @Test func wordsOfOtherThingsAreText() {
    let lines = (0..<64).map { "5ca1ab1\($0 % 10)" }
    let error = #expect(throws: PCIConfigError.self) { try read(lines) }
    #expect(error?.place == .whole)
  }
}
