/// A row of bytes in a text, in one of the forms that tools print them in.
struct DumpRow {
  /// What tells the rows of one dump from others.
  enum Form: Hashable {
    /// `10: 86 80 …` of lspci and the kernel's early dump, `00000010: 8680 …` of xxd.
    case colon
    /// `00000010  86 80 …` of hexdump and od, in units of this many digits.
    case offset(digits: Int)
    /// Bytes without an offset, as of `xxd -p`.
    case bare
  }

  let form: Form
  /// What the offset may be, the likeliest first: od counts in octal, or in decimal.
  private(set) var offsets: [(radix: UInt64, value: Int)] = []
  private(set) var bytes: [UInt8] = []
  /// Where a unit begins that is none; nil if the row is sound.
  private(set) var flaw: Int?

  /// Reads `content` if it has the look of a row, sound or not; if rows without offsets go on,
  /// a number alone is one of them.
  init?(_ content: ArraySlice<UInt8>, continuingBare: Bool) {
    var row = continuingBare ? Self(bare: content) : nil
    row = row ?? Self(colon: content) ?? Self(offset: content) ?? Self(bare: content)
    guard let row else { return nil }
    self = row
  }

  /// The offset in `radix`.
  func offset(in radix: UInt64) -> Int? { offsets.first { $0.radix == radix }?.value }
}

extension DumpRow {
  /// Two to eight digits, a colon and a blank; then bytes, of which xxd joins some and puts its
  /// text behind two blanks.
  private init?(colon content: ArraySlice<UInt8>) {
    guard let colon = content.prefix(9).firstIndex(of: UInt8(ascii: ":")),
      (2...8).contains(colon &- content.startIndex), content[colon...].dropFirst().first == 0x20,
      let offset = DumpText.value(content[..<colon], radix: 16)
    else { return nil }
    form = .colon
    offsets = [(16, Int(offset))]
    let isJoined = colon &- content.startIndex > 4
    var rest = content[(colon &+ 2)...]
    while let first = rest.first {
      let end = rest.firstIndex(of: 0x20) ?? rest.endIndex
      let unit = rest[..<end]
      let isSound = isJoined ? unit.count % 2 == 0 && !unit.isEmpty : unit.count == 2
      guard isSound, append(unit) else {
        // Behind two blanks, or a row's usual 16 bytes, stands the text of the bytes.
        let isText = isJoined && !bytes.isEmpty && (first == 0x20 || bytes.count >= 16)
        if !isText { flaw = rest.startIndex }
        return
      }
      rest = rest[end...].dropFirst()
    }
    if bytes.isEmpty { flaw = content.endIndex }
  }

  /// Six to eight digits, or PowerShell's 16, blanks, and units of one width; `|`, `>` or, behind
  /// 16 bytes, two blanks begin the text.
  private init?(offset content: ArraySlice<UInt8>) {
    let end = content.firstIndex(of: 0x20) ?? content.endIndex
    let digits = content[..<end]
    guard (6...8).contains(digits.count) || digits.count == 16,
      let offset = DumpText.value(digits, radix: 16), offset <= UInt32.max
    else { return nil }
    var units: [ArraySlice<UInt8>] = []
    var rest = content[end...].drop { $0 == 0x20 }
    while let first = rest.first, first != UInt8(ascii: "|"), first != UInt8(ascii: ">") {
      let end = rest.firstIndex(of: 0x20) ?? rest.endIndex
      units.append(rest[..<end])
      let behind = rest[end...].drop { $0 == 0x20 }
      let isText = units.count >= 16 && units[0].count == 2 && behind.startIndex &- end > 1
      rest = isText ? behind.prefix(0) : behind
    }
    let width = units.first?.count ?? 0
    guard units.isEmpty || [2, 3, 4, 6, 8, 16].contains(width) else { return nil }
    form = .offset(digits: width)
    // Units of one width from the first on are bytes without an offset.
    if width == digits.count, width != 6 { return nil }
    let isOctal = width == 3 || width == 6
    let order: [UInt64] =
      isOctal || (digits.count == 7 && width != 4) ? [8, 16, 10] : [16, 8, 10]
    offsets = order.compactMap { radix in
      DumpText.value(digits, radix: radix).map { (radix, Int($0)) }
    }
    for unit in units {
      guard unit.count == width, isOctal ? append(octal: unit) : appendLittleEndian(unit) else {
        flaw = unit.startIndex
        return
      }
    }
  }

  /// Digits alone: one number, or units between blanks or commas, each with or without `0x`; also
  /// what a program prints between quotes.
  private init?(bare content: ArraySlice<UInt8>) {
    form = .bare
    for unit in Self.quoted(content).split(whereSeparator: { [0x20, 0x09, 0x2c].contains($0) }) {
      let digits = unit.starts(with: "0x".utf8) ? unit.dropFirst(2) : unit
      guard !digits.isEmpty, digits.count % 2 == 0, append(digits) else { return nil }
    }
    if bytes.isEmpty { return nil }
  }

  private static func quoted(_ content: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    for quote in [UInt8(ascii: "'"), UInt8(ascii: "\"")] {
      if let last = content.lastIndex(of: quote),
        let first = content[..<last].lastIndex(of: quote)
      {
        return content[(first &+ 1)..<last]
      }
    }
    return content
  }

  /// Takes an even number of digits as bytes in their order; false if they are none.
  private mutating func append(_ digits: ArraySlice<UInt8>) -> Bool {
    var added: [UInt8] = []
    var rest = digits
    while let high = rest.popFirst(), let low = rest.popFirst() {
      guard let high = DumpText.hexValue(high), let low = DumpText.hexValue(low) else {
        return false
      }
      added.append(high << 4 | low)
    }
    bytes += added
    return true
  }

  private mutating func appendLittleEndian(_ digits: ArraySlice<UInt8>) -> Bool {
    guard let value = DumpText.value(digits, radix: 16) else { return false }
    for index in 0..<digits.count / 2 {
      bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 &* index)))
    }
    return true
  }

  private mutating func append(octal digits: ArraySlice<UInt8>) -> Bool {
    guard let value = DumpText.value(digits, radix: 8), value <= (digits.count == 3 ? 0xff : 0xffff)
    else { return false }
    bytes.append(UInt8(truncatingIfNeeded: value))
    if digits.count == 6 { bytes.append(UInt8(truncatingIfNeeded: value >> 8)) }
    return true
  }
}
