import ByteIO

/// The bytes of one space while its rows are read.
struct DumpBlock {
  /// Where the function sat; nil if the text does not say.
  var address: PCIAddress?
  /// What stands behind the address.
  var title = ""
  /// The line of the head, or of the first row if there is none.
  let line: Int
  /// Whether a head of `lspci` or of the kernel's early dump stands over the rows.
  let isHeaded: Bool
  /// The form of the rows; nil before the first.
  private(set) var form: DumpRow.Form?
  /// The bytes as the digits of the rows stand.
  private(set) var bytes: [UInt8] = []
  /// The same with the bytes of each word the other way round.
  private var littleEndian: [UInt8] = []
  /// The bytes of the words that the rows are in; nil if they are in bytes.
  private var wordByteCount: Int?
  /// What the characters behind the words say of their order, of the last row that tells.
  private var textOrder: DumpedWords.Order?
  private var isKnown: [Bool] = []
  /// The last line that belongs to it.
  var lastLine: Int
  /// The regions that are listed under the head.
  private var regions: [DumpedRegion] = []
  /// Whether a blank line came behind the head.
  var hasBlank = false
  /// Whether a `*` stands for rows like the last.
  var repeats = false
  private var lastRow: DumpRow?
  /// Whether the first row is a word alone.
  private(set) var isNarrow = false
  /// The line of a `*` between rows without offsets, which do not tell what it stands for.
  var starLine: Int?
  /// The radices that the offsets so far may have, the likeliest first.
  private var radices: [UInt64] = []

  init(address: PCIAddress?, title: String, line: Int, isHeaded: Bool) {
    self.address = address
    self.title = title
    self.line = line
    self.isHeaded = isHeaded
    lastLine = line
  }

  /// Adds the region that a line under the head lists, if it does; a function has six BARs.
  mutating func addRegion(_ line: ArraySlice<UInt8>) {
    guard form == nil, regions.count < 8, let region = DumpedRegion(line) else { return }
    regions.append(region)
  }

  /// Whether the bytes end where spaces end, so that nothing has to follow.
  var isFull: Bool { [256, 4096].contains(bytes.count) }

  /// Whether there are as many bytes as a header, a conventional or an Express function has.
  var isWhole: Bool { isFull || bytes.count == ConfigSpace.byteCounts.lowerBound }

  /// Whether no byte is there yet at offset 0.
  var mayBegin: Bool { isKnown.first != true }

  /// The offset that `row` has as a continuation of this block; nil if it does not continue it.
  ///
  /// - Parameter isNext: whether the row stands directly under what was read, so that rows between
  ///   may be missing.
  func continuation(of row: DumpRow, isNext: Bool) -> Int? {
    guard form == nil || form == row.form || isEnd(row) else { return nil }
    if row.form == .bare { return isNext ? bytes.count : nil }
    guard form != nil else { return row.offsets.first?.value }
    for radix in radices {
      guard let offset = row.offset(in: radix) else { continue }
      if offset == bytes.count || (repeats && offset > bytes.count && offset <= 4096) {
        return offset
      }
    }
    // Words of 16 bits show one byte too many of an odd number.
    if isEnd(row), radices.contains(where: { row.offset(in: $0) == bytes.count &- 1 }) {
      return bytes.count &- 1
    }
    guard isNext, radices.count == 1 || form == .colon else { return nil }
    return row.offset(in: radices[0])
  }

  /// Whether `row` has just the bytes that its last row lacks of the usual 16.
  func isCompleted(by row: DumpRow) -> Bool {
    guard form != .bare, row.form == .bare, let lastRow, !lastRow.bytes.isEmpty else {
      return false
    }
    return lastRow.bytes.count &+ row.bytes.count == Self.usualByteCount
  }

  /// The offset that `row` has, if all that is missing before it is a row at most.
  func offsetBehindGap(of row: DumpRow) -> Int? {
    guard form == row.form, row.form != .bare, row.flaw == nil, !isWhole else { return nil }
    let offsets = radices.lazy.compactMap { row.offset(in: $0) }
    return offsets.first { offset in
      offset > bytes.count && offset &- bytes.count <= Self.usualByteCount
    }
  }

  private static let usualByteCount = 16

  /// Whether `row` is an offset alone, which ends what hexdump and od print.
  func isEnd(_ row: DumpRow) -> Bool {
    guard case .offset = form else { return false }
    return row.form == .offset(digits: 0)
  }

  /// Takes a sound row at `offset`, the number that ``continuation(of:isNext:)`` gives.
  mutating func add(_ row: DumpRow, at offset: Int, number: Int) throws(PCIConfigError) {
    if form == nil { radices = row.offsets.map(\.radix) }
    if row.form != .bare, bytes.count > 0 {
      let fitting = radices.filter { row.offset(in: $0) == offset }
      if !fitting.isEmpty { radices = fitting }
    }
    if repeats, let lastRow, !lastRow.bytes.isEmpty, offset <= ConfigSpace.byteCounts.upperBound {
      while bytes.count < offset {
        let index = bytes.count % lastRow.bytes.count
        bytes.append(lastRow.bytes[index])
        littleEndian.append(lastRow.littleEndian[index])
        isKnown.append(true)
      }
    }
    repeats = false
    lastLine = number
    if isEnd(row) {
      let surplus = max(0, bytes.count &- offset)
      bytes.removeLast(surplus)
      littleEndian.removeLast(surplus)
      isKnown.removeLast(surplus)
      return
    }
    // Rows of several widths, as of digits that stand together, are no words.
    if form == nil {
      wordByteCount = row.wordByteCount
      isNarrow = row.isWordAlone
    } else if row.wordByteCount != wordByteCount, row.bytes.count >= wordByteCount ?? 0 {
      wordByteCount = nil
    }
    form = row.form
    textOrder = row.textOrder ?? textOrder
    lastRow = row
    for index in row.bytes.indices {
      try store(row.bytes[index], row.littleEndian[index], at: offset &+ index, number: number)
    }
  }

  private mutating func store(
    _ byte: UInt8, _ other: UInt8, at offset: Int, number: Int
  ) throws(PCIConfigError) {
    guard offset < ConfigSpace.byteCounts.upperBound else {
      throw PCIConfigError(
        .size, at: .text(line: number, column: nil),
        "expected at most 4096 bytes of configuration space, found a row beyond them")
    }
    while bytes.count <= offset {
      bytes.append(0)
      littleEndian.append(0)
      isKnown.append(false)
    }
    guard !isKnown[offset] || bytes[offset] == byte else {
      throw PCIConfigError(
        .dump, at: .text(line: number, column: nil),
        "expected one value for the byte at 0x\(hex(offset, digits: 2)), found two: "
          + "\(hex(bytes[offset], digits: 2)) and \(hex(byte, digits: 2))")
    }
    bytes[offset] = byte
    littleEndian[offset] = other
    isKnown[offset] = true
  }

  /// Whether bytes without a head may be a configuration space: a header of a known type, Command
  /// without its reserved bits, or a function that does not answer.
  ///
  /// Rows of one word are many other things, and have to make a whole space without a flaw.
  var isPlausible: Bool {
    if isNarrow {
      guard isWhole, let device = try? device else { return false }
      return device.space.contradictions.isEmpty
    }
    let readings = wordByteCount == nil ? [bytes] : [bytes, littleEndian]
    return readings.contains { bytes in
      guard bytes.count >= ConfigSpace.byteCounts.lowerBound else { return false }
      return bytes.allSatisfy { $0 == 0xff } || (bytes[0x0e] & 0x7f <= 2 && bytes[0x05] & 0xf8 == 0)
    }
  }

  /// The device, with bytes up to the end of the header that are unknown if no row had them.
  var device: DumpedDevice {
    get throws(PCIConfigError) {
      if let starLine {
        throw Self.uncounted(starLine)
      }
      let (space, words) = try spaceAndWords
      return DumpedDevice(
        address: address, title: title, line: line, space: space,
        barSizes: DumpedRegion.sizes(of: regions, in: space), words: words)
    }
  }

  private var spaceAndWords: (ConfigSpace, DumpedWords?) {
    get throws(PCIConfigError) {
      let big = try space(bytes)
      guard let wordByteCount, let form else { return (big, nil) }
      let little = try space(littleEndian)
      let decision = WordOrderDecision(form, wordByteCount: wordByteCount)
      guard let words = decision.order(big: big, little: little, textOrder: textOrder) else {
        throw WordOrderDecision.undecided(
          big: big, little: little, bitCount: 8 &* wordByteCount, line: line)
      }
      // Bytes that xxd puts together as they stand are no numbers.
      let isPlain = words.order == .bigEndian && form == .colon
      return (words.order == .bigEndian ? big : little, isPlain ? nil : words)
    }
  }

  private func space(_ bytes: [UInt8]) throws(PCIConfigError) -> ConfigSpace {
    let missing = max(0, ConfigSpace.byteCounts.lowerBound &- bytes.count)
    return try ConfigSpace(
      bytes + Array(repeating: 0, count: missing),
      known: isKnown + Array(repeating: false, count: missing))
  }

  /// The error of a `*` between rows without offsets.
  static func uncounted(_ line: Int) -> PCIConfigError {
    PCIConfigError(
      .dump, at: .text(line: line, column: nil),
      "expected every row, for these have no offsets that would tell how many `*` stands for; "
        + "-v prints them all")
  }
}
