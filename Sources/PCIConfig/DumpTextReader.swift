import ByteIO

/// Puts devices together from the lines of an lspci dump.
struct DumpTextReader {
  /// More functions than a domain can have, so that a hostile file cannot ask for unlimited memory.
  private static let deviceLimit = 65536

  private var devices: [DumpedDevice] = []
  private var address: PCIAddress?
  private var title = ""
  private var headLine: Int?
  private var bytes: [UInt8] = []
  private var isKnown: [Bool] = []

  init() {}

  mutating func read(_ line: ArraySlice<UInt8>, number: Int) throws(PCIConfigError) {
    let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    if let (address, title) = Self.head(line) {
      try flush()
      self.address = address
      self.title = title
      headLine = number
    } else if let (offset, cells) = Self.row(line) {
      try readRow(at: offset, cells, lineStart: line.startIndex, number: number)
    }
  }

  /// The devices, after the last line.
  consuming func finish() throws(PCIConfigError) -> [DumpedDevice] {
    try flush()
    return devices
  }

  private mutating func flush() throws(PCIConfigError) {
    defer {
      bytes = []
      isKnown = []
      headLine = nil
    }
    // A head without rows is a device that was listed, not dumped.
    guard !bytes.isEmpty else { return }
    guard devices.count < Self.deviceLimit else {
      throw PCIConfigError(.limit, "expected at most \(Self.deviceLimit) devices")
    }
    while bytes.count < ConfigSpace.byteCounts.lowerBound {
      bytes.append(0)
      isKnown.append(false)
    }
    devices.append(
      DumpedDevice(
        address: address, title: title, line: headLine,
        space: try ConfigSpace(
          bytes, unknownRanges: Self.gaps(isKnown), isWhole: false)))
    address = nil
    title = ""
  }

  private mutating func readRow(
    at offset: Int, _ cells: ArraySlice<UInt8>, lineStart: Int, number: Int
  ) throws(PCIConfigError) {
    // Before the first device there is text of any kind, and some of it looks like a row.
    if bytes.isEmpty, headLine == nil, cells.prefix(2).compactMap(Self.hexValue).count < 2 {
      return
    }
    // Rows that begin anew belong to another space, whose head is missing.
    if offset == 0, isKnown.first == true { try flush() }
    if bytes.isEmpty, headLine == nil {
      address = nil
      title = ""
      headLine = number
    }
    var offset = offset
    var rest = cells
    while let high = rest.first {
      let low = rest.dropFirst().first
      let after = rest.dropFirst(2).first
      guard let high = Self.hexValue(high), let low = low.flatMap(Self.hexValue),
        after == nil || after == UInt8(ascii: " ")
      else {
        throw PCIConfigError(
          .dump, at: .text(line: number, column: rest.startIndex - lineStart + 1),
          "expected bytes of two hexadecimal digits with a space between them")
      }
      guard offset < ConfigSpace.byteCounts.upperBound else {
        throw PCIConfigError(
          .size, at: .text(line: number, column: nil),
          "expected at most 4096 bytes of configuration space, found a row beyond them")
      }
      try store(high << 4 | low, at: offset, number: number)
      offset &+= 1
      rest = rest.dropFirst(3)
    }
  }

  private mutating func store(
    _ byte: UInt8, at offset: Int, number: Int
  ) throws(PCIConfigError) {
    while bytes.count <= offset {
      bytes.append(0)
      isKnown.append(false)
    }
    guard !isKnown[offset] || bytes[offset] == byte else {
      throw PCIConfigError(
        .dump, at: .text(line: number, column: nil),
        "expected one value for the byte at 0x\(hex(offset, digits: 2)), found two: "
          + "\(hex(bytes[offset], digits: 2)) and \(hex(byte, digits: 2))")
    }
    bytes[offset] = byte
    isKnown[offset] = true
  }

  /// The address and the rest of a head line: `BB:DD.F`, or with a domain of four digits or more,
  /// then a space or the end.
  private static func head(_ line: ArraySlice<UInt8>) -> (PCIAddress, String)? {
    let end = line.firstIndex(of: UInt8(ascii: " ")) ?? line.endIndex
    // The shortest address has 7 characters, the longest domain 8 digits.
    guard (7...16).contains(end - line.startIndex),
      let address = PCIAddress(String(decoding: line[..<end], as: UTF8.self))
    else { return nil }
    return (address, printable(line[end...].drop { $0 == UInt8(ascii: " ") }))
  }

  /// The offset and the bytes' text of a row: two to eight digits, a colon, a space.
  private static func row(_ line: ArraySlice<UInt8>) -> (Int, ArraySlice<UInt8>)? {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")),
      (2...8).contains(colon - line.startIndex), line[colon...].dropFirst().first == 0x20
    else { return nil }
    var offset = 0
    for character in line[..<colon] {
      guard let digit = hexValue(character) else { return nil }
      offset = offset << 4 | Int(digit)
    }
    var cells = line[colon...].dropFirst(2)
    while cells.last == UInt8(ascii: " ") { cells = cells.dropLast() }
    return (offset, cells)
  }

  private static func hexValue(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x30...0x39: character &- 0x30
    case 0x41...0x46: character &- 0x37
    case 0x61...0x66: character &- 0x57
    default: nil
    }
  }

  /// Text that a terminal can show: a dump's names are anybody's, and control characters could
  /// steer it.
  private static func printable(_ bytes: ArraySlice<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      text.append(scalar.properties.generalCategory == .control ? "\u{fffd}" : scalar)
    }
    return String(text)
  }

  private static func gaps(_ isKnown: [Bool]) -> [Range<Int>] {
    var gaps: [Range<Int>] = []
    var start: Int?
    for (index, known) in isKnown.enumerated() {
      if known, let first = start {
        gaps.append(first..<index)
        start = nil
      } else if !known, start == nil {
        start = index
      }
    }
    if let start { gaps.append(start..<isKnown.count) }
    return gaps
  }
}
