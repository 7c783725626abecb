/// A row of bytes in a text, in one of the forms that tools print them in.
struct DumpRow {
  /// What tells the rows of one dump from others.
  enum Form: Hashable {
    /// `10: 86 80 …` of lspci and the kernel's early dump, `00000010: 8680 …` of xxd.
    case colon
    /// `00000000: 10000110 …` of xxd -b.
    case binary
    /// `00000010  86 80 …` of hexdump and od, in units of this many digits.
    case offset(digits: Int)
    /// Bytes without an offset, as of `xxd -p`.
    case bare
  }

  private(set) var form: Form
  /// What the offset may be, the likeliest first: od counts in octal, or in decimal.
  private(set) var offsets: [(radix: UInt64, value: Int)] = []
  /// The bytes as their digits stand.
  private(set) var bytes: [UInt8] = []
  /// The same with each word's bytes the other way round.
  private(set) var littleEndian: [UInt8] = []
  /// The bytes of a word, 2, 4 or 8; nil if the row is one of bytes.
  private(set) var wordByteCount: Int?
  /// Where a unit begins that is none; nil if the row is sound.
  private(set) var flaw: Int?
  /// What the characters behind the words say of their order; nil if nothing.
  private(set) var textOrder: DumpedWords.Order?

  // Units of more digits than a word of 64 bits has are bytes that stand together.
  private static let longestWord = 8

  /// Reads `content` if it has the look of a row, sound or not. `form` is that of the row directly
  /// before it: if rows without offsets go on, a number alone is one of them.
  init?(_ content: ArraySlice<UInt8>, continuing form: Form?) {
    var row = form == .bare ? Self(bare: content) : nil
    row = row ?? Self(binary: content, begins: form != .binary)
    row = row ?? Self(colon: content) ?? Self(offset: content)
    // An offset alone ends rows with offsets; anywhere else it is a word.
    if case .offset = form {} else if row?.form == .offset(digits: 0) { row = nil }
    row = row ?? Self(bare: content)
    guard let row else { return nil }
    self = row
  }

  /// The offset in `radix`.
  func offset(in radix: UInt64) -> Int? { offsets.first { $0.radix == radix }?.value }

  /// Whether it is nothing but one word.
  var isWordAlone: Bool { form == .bare && bytes.count == wordByteCount && bytes.count < 8 }

  private init(_ form: Form) { self.form = form }
}

extension DumpRow {
  /// The offset before a colon and a blank, of two to eight digits, and what stands behind them.
  private static func offsetBeforeColon(
    _ content: ArraySlice<UInt8>
  ) -> (digits: ArraySlice<UInt8>, rest: ArraySlice<UInt8>)? {
    let content = withoutPrefix(content)
    guard let colon = content.prefix(9).firstIndex(of: UInt8(ascii: ":")),
      (2...8).contains(colon &- content.startIndex), content[colon...].dropFirst().first == 0x20
    else { return nil }
    return (content[..<colon], content[(colon &+ 2)...])
  }

  private static func withoutPrefix(_ digits: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    digits.starts(with: "0x".utf8) ? digits.dropFirst(2) : digits
  }

  /// An offset and a colon; then bytes, of which xxd joins some and puts its text behind two
  /// blanks. Its last word may be short, and stand at the right of its place.
  private init?(colon content: ArraySlice<UInt8>) {
    guard let (digits, units) = Self.offsetBeforeColon(content),
      let offset = Digits.value(digits, radix: 16)
    else { return nil }
    self.init(.colon)
    offsets = [(16, Int(offset))]
    if digits.count == 8 {
      // xxd -d counts in decimal.
      offsets += Digits.value(digits, radix: 10).map { [(10 as UInt64, Int($0))] } ?? []
    }
    let isJoined = digits.count > 4 || Self.isWords(units)
    var rest = units
    var width = 0
    while let first = rest.first {
      if isJoined, let shifted = shortWord(rest, width: width) { rest = shifted }
      let end = rest.firstIndex(of: 0x20) ?? rest.endIndex
      let unit = Self.withoutPrefix(rest[..<end])
      let isSound = isJoined ? unit.count % 2 == 0 && !unit.isEmpty : unit.count == 2
      if !isJoined || unit.count != 5 || !append(paired: unit) {
        guard isSound, append(unit) else {
          // Behind two blanks, or a row's usual 16 bytes, stands the text of the bytes.
          let isText = isJoined && !bytes.isEmpty && (first == 0x20 || bytes.count >= 16)
          if isText {
            compare(rest.drop { $0 == 0x20 })
          } else {
            flaw = rest.startIndex
          }
          return
        }
        if width == 0 { width = unit.count }
      }
      rest = rest[end...].dropFirst()
    }
    if bytes.isEmpty { flaw = content.endIndex }
  }

  /// Whether what stands behind a short offset are words: as many of one width as make a row.
  private static func isWords(_ units: ArraySlice<UInt8>) -> Bool {
    let words = units.split(separator: 0x20).map(withoutPrefix)
    guard let width = words.first?.count, [4, 8, 16].contains(width) else { return false }
    return [8, 16, 32].contains(words.count &* width / 2)
      && words.allSatisfy { $0.count == width && Digits.value($0, radix: 16) != nil }
  }

  /// What is left of a row whose next word is shorter than the others and behind as many more
  /// blanks; nil if it is not.
  private func shortWord(_ rest: ArraySlice<UInt8>, width: Int) -> ArraySlice<UInt8>? {
    let word = rest.drop { $0 == 0x20 }
    let blanks = word.startIndex &- rest.startIndex
    let digits = word.prefix { $0 != 0x20 }
    guard blanks > 1, bytes.count < 16, digits.count % 2 == 0, !digits.isEmpty,
      digits.count &+ blanks == width, Digits.value(digits, radix: 16) != nil
    else { return nil }
    return word
  }

  /// Two bytes with a hyphen between them, as UEFI's shell and DOS print the middle of a row.
  private mutating func append(paired unit: ArraySlice<UInt8>) -> Bool {
    let halves = unit.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard halves.map(\.count) == [2, 2] else { return false }
    return append(halves[0]) && append(halves[1])
  }

  /// Units of eight bits, of which xxd has six on a line; words of zeros, of which four make a
  /// line, look the same, so that only a row at 0 with six of them `begins` a dump.
  private init?(binary content: ArraySlice<UInt8>, begins: Bool) {
    guard let (digits, rest) = Self.offsetBeforeColon(content), digits.count > 4,
      let offset = Digits.value(digits, radix: 16)
    else { return nil }
    self.init(.binary)
    offsets = [(16, Int(offset))]
    for unit in rest.split(separator: 0x20).prefix(16) {
      guard unit.count == 8, let value = Digits.value(unit, radix: 2) else { break }
      bytes.append(UInt8(truncatingIfNeeded: value))
    }
    littleEndian = bytes
    if bytes.isEmpty || (begins && (offset != 0 || bytes.count < 6)) { return nil }
  }

  /// Six to eight digits, or PowerShell's 16, blanks, and units of one width; `|`, `>` or, behind
  /// 16 bytes, two blanks begin the text.
  private init?(offset content: ArraySlice<UInt8>) {
    let end = content.firstIndex(of: 0x20) ?? content.endIndex
    let digits = content[..<end]
    guard (6...8).contains(digits.count) || digits.count == 16,
      let offset = Digits.value(digits, radix: 16), offset <= UInt32.max
    else { return nil }
    var units: [ArraySlice<UInt8>] = []
    var text: ArraySlice<UInt8> = []
    var rest = content[end...].drop { $0 == 0x20 }
    while let first = rest.first {
      if first == UInt8(ascii: "|") || first == UInt8(ascii: ">") {
        text = rest.dropFirst().dropLast()
        break
      }
      let end = rest.firstIndex(of: 0x20) ?? rest.endIndex
      units.append(rest[..<end])
      let behind = rest[end...].drop { $0 == 0x20 }
      let isText = units.count >= 16 && units[0].count == 2 && behind.startIndex &- end > 1
      rest = isText ? behind.prefix(0) : behind
    }
    let width = units.first?.count ?? 0
    guard units.isEmpty || [2, 3, 4, 6, 8, 16].contains(width) else { return nil }
    self.init(.offset(digits: width))
    // Units of one width from the first on are bytes without an offset, unless the others alone
    // make a row.
    let isRow = width == 8 && [4, 8].contains(units.count) && offset % 16 == 0 && offset < 4096
    if width == digits.count, width != 6, !isRow { return nil }
    let isOctal = width == 3 || width == 6
    let order: [UInt64] =
      isOctal || (digits.count == 7 && width != 4) ? [8, 16, 10] : [16, 8, 10]
    offsets = order.compactMap { radix in
      Digits.value(digits, radix: radix).map { (radix, Int($0)) }
    }
    for unit in units {
      guard unit.count == width, isOctal ? append(octal: unit) : append(unit) else {
        flaw = unit.startIndex
        return
      }
    }
    if !text.isEmpty { compare(text) }
  }

  /// Digits alone: one number, or units between blanks, commas or colons, each with or without
  /// `0x`; also what a program prints between quotes.
  private init?(bare content: ArraySlice<UInt8>) {
    self.init(.bare)
    let isOfColons = DumpText.has(UInt8(ascii: ":"), in: content)
    let units = Self.quoted(content).split { byte in
      isOfColons ? byte == 0x3a : byte == 0x20 || byte == 0x09 || byte == 0x2c
    }
    for unit in units {
      let digits = Self.withoutPrefix(unit)
      guard !digits.isEmpty, digits.count % 2 == 0, !isOfColons || digits.count == 2,
        append(digits)
      else { return nil }
    }
    if bytes.isEmpty { return nil }
  }

  private static func quoted(_ content: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    for quote in [UInt8(ascii: "'"), UInt8(ascii: "\"")] where DumpText.has(quote, in: content) {
      if let last = content.lastIndex(of: quote),
        let first = content[..<last].lastIndex(of: quote)
      {
        return content[(first &+ 1)..<last]
      }
    }
    return content
  }
}

extension DumpRow {
  /// Takes an even number of digits as the bytes of a word, or of more; false if they are none.
  private mutating func append(_ digits: ArraySlice<UInt8>) -> Bool {
    var added: [UInt8] = []
    added.reserveCapacity(digits.count / 2)
    let characters = digits.span
    var index = 0
    while index &+ 1 < characters.count {
      guard let high = Digits.value(of: characters[index]),
        let low = Digits.value(of: characters[index &+ 1])
      else { return false }
      added.append(high << 4 | low)
      index &+= 2
    }
    add(added)
    return true
  }

  private mutating func append(octal digits: ArraySlice<UInt8>) -> Bool {
    guard let value = Digits.value(digits, radix: 8), value <= (digits.count == 3 ? 0xff : 0xffff)
    else { return false }
    let low = UInt8(truncatingIfNeeded: value)
    add(digits.count == 3 ? [low] : [UInt8(truncatingIfNeeded: value >> 8), low])
    return true
  }

  private mutating func add(_ word: [UInt8]) {
    if bytes.isEmpty { wordByteCount = [2, 4, 8].contains(word.count) ? word.count : nil }
    let isWord = word.count <= wordByteCount ?? 1
    if !isWord { wordByteCount = nil }
    bytes += word
    littleEndian += isWord ? word.reversed() : word
  }

  /// Holds the characters behind the words against both orders.
  private mutating func compare(_ text: ArraySlice<UInt8>) {
    guard wordByteCount != nil, text.count == bytes.count else { return }
    func isText(of bytes: [UInt8]) -> Bool {
      zip(text, bytes).allSatisfy { character, byte in
        character == ((0x20...0x7e).contains(byte) ? byte : UInt8(ascii: "."))
      }
    }
    let (big, little) = (isText(of: bytes), isText(of: littleEndian))
    if big != little { textOrder = big ? .bigEndian : .littleEndian }
  }
}
