/// A line of a text that may hold dumps, without what mail, logs and terminals put around it.
struct DumpLine {
  /// The line without quote marks, the signs of a patch, tags of a web page, indentation, a log's
  /// time stamp and blanks at its end.
  let content: ArraySlice<UInt8>
  /// How far the content was indented, behind quote marks.
  let indent: Int
  /// Counted from 1.
  let number: Int
  private let start: Int

  init(_ line: ArraySlice<UInt8>, number: Int) {
    self.number = number
    var line = line
    if DumpText.has(0x1b, in: line) || DumpText.has(0xc2, in: line) {
      line = Self.withoutDecoration(line)[...]
    }
    if DumpText.has(UInt8(ascii: "<"), in: line) { line = DumpText.withoutTags(line)[...] }
    start = line.startIndex
    line = Self.withoutBlanksBehind(line)
    var indent = 0
    var isQuoted = true
    while isQuoted {
      indent = 0
      while let first = line.first, Self.isBlank(first) {
        indent &+= 1
        line.removeFirst()
      }
      isQuoted = true
      if let first = line.first, ">|+-".utf8.contains(first) {
        line.removeFirst()
        // A table has a bar at the end of its rows too.
        if first == UInt8(ascii: "|"), line.last == first {
          line = Self.withoutBlanksBehind(line.dropLast())
        }
      } else if line.starts(with: "&gt;".utf8) {
        line.removeFirst(4)
      } else {
        isQuoted = false
      }
    }
    if indent > 0 { line = Self.withoutLineNumber(line) }
    content = Self.withoutLogPrefix(line)
    self.indent = indent
  }

  /// The column of an index of `content`, counted from 1.
  func column(of index: Int) -> Int { index &- start &+ 1 }

  /// What stands at an index of `content` up to the next blank, for an error.
  func unit(at index: Int) -> String {
    let unit = content[index...].prefix { !Self.isBlank($0) }.prefix(16)
    guard !unit.isEmpty else { return "none" }
    let text = unit.map { (0x21...0x7e).contains($0) ? $0 : UInt8(ascii: "?") }
    return "'\(String(decoding: text, as: UTF8.self))'"
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0c
  }

  /// Without a terminal's colours (`ESC [ … m`, `ESC [ K`), and with blanks for those of web pages.
  private static func withoutDecoration(_ line: ArraySlice<UInt8>) -> [UInt8] {
    var plain: [UInt8] = []
    var rest = line
    while let byte = rest.popFirst() {
      if byte == 0xc2, rest.first == 0xa0 {
        rest.removeFirst()
        plain.append(0x20)
      } else if byte == 0x1b, rest.first == UInt8(ascii: "["),
        let end = rest.dropFirst().firstIndex(where: { !(0x30...0x3b).contains($0) }),
        rest[end] == UInt8(ascii: "m") || rest[end] == UInt8(ascii: "K")
      {
        rest = rest[(end &+ 1)...]
      } else {
        plain.append(byte)
      }
    }
    return plain
  }

  private static func withoutBlanksBehind(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var line = line
    while let last = line.last, isBlank(last) { line.removeLast() }
    return line
  }

  /// Without the number and tab of `cat -n`.
  private static func withoutLineNumber(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let digits = line.prefix(7).prefix { (0x30...0x39).contains($0) }
    guard !digits.isEmpty, line[digits.endIndex...].first == 0x09 else { return line }
    return line[(digits.endIndex &+ 1)...]
  }

  /// Without syslog's `… kernel:`, `<6>`, the level and the time stamps that `dmesg` can print.
  private static func withoutLogPrefix(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var rest = line
    if let kernel = DumpText.range(of: "kernel:", in: rest.prefix(160)) {
      rest = rest[kernel.upperBound...]
    }
    if let process = endOfProcess(in: rest.prefix(160)) { rest = rest[process...] }
    var isPrefixed = true
    while isPrefixed {
      while rest.first == 0x20 { rest.removeFirst() }
      isPrefixed = false
      if let end = prefixEnd(rest) {
        rest = rest[end...]
        isPrefixed = true
      }
    }
    return rest
  }

  /// Where the part of a log's prefix that `rest` begins with ends.
  private static func prefixEnd(_ rest: ArraySlice<UInt8>) -> Int? {
    let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
    guard let first = rest.first else { return nil }
    switch first {
    case UInt8(ascii: "["):
      guard let end = rest.prefix(48).firstIndex(of: UInt8(ascii: "]")) else { return nil }
      let inside = rest[(rest.startIndex &+ 1)..<end]
      // `[   12.345678]`, `[Tue Mar  4 10:11:12 2025]`, and the thread behind them, `[    T1]`.
      let isStamp = inside.contains(where: isDigit) && !inside.contains(UInt8(ascii: "x"))
      return isStamp && (inside.contains(0x20) || inside.contains(0x2e)) ? end &+ 1 : nil
    case UInt8(ascii: "<"):
      guard let end = rest.prefix(5).firstIndex(of: UInt8(ascii: ">")) else { return nil }
      return rest[(rest.startIndex &+ 1)..<end].allSatisfy(isDigit) ? end &+ 1 : nil
    case UInt8(ascii: "a")...UInt8(ascii: "z"):
      // `kern  :info  : [   12.345678] …`
      let parts = rest.prefix(24).split(separator: UInt8(ascii: ":"), maxSplits: 2)
      guard parts.count == 3, parts[2].first == 0x20,
        parts[..<2].allSatisfy({ part in
          part.allSatisfy { $0 == 0x20 || (0x61...0x7a).contains($0) }
        })
      else { return nil }
      return parts[2].startIndex
    case 0x30...0x39:
      // `2025-03-04T10:11:12,345678+00:00 …`
      guard let end = rest.prefix(40).firstIndex(of: 0x20), rest.count > 11,
        rest[rest.startIndex &+ 4] == UInt8(ascii: "-"),
        rest[rest.startIndex &+ 10] == UInt8(ascii: "T")
      else { return nil }
      return end
    default: return nil
    }
  }

  /// Where `name[123]: ` of syslog ends.
  private static func endOfProcess(in line: ArraySlice<UInt8>) -> Int? {
    guard let end = DumpText.range(of: "]: ", in: line)?.upperBound else { return nil }
    let name = line[..<(end &- 3)]
    guard let open = name.lastIndex(of: UInt8(ascii: "[")), open > line.startIndex,
      name[open...].count > 1, name[(open &+ 1)...].allSatisfy({ (0x30...0x39).contains($0) }),
      (0x61...0x7a).contains(name[open &- 1] | 0x20)
    else { return nil }
    return end
  }
}

extension DumpLine {
  /// The address and the rest of a head of `lspci`: `BB:DD.F`, or with a domain, then a blank or
  /// the end.
  var listedFunction: (address: PCIAddress, title: String)? {
    let end = content.firstIndex { Self.isBlank($0) } ?? content.endIndex
    guard let address = PCIAddress(digits: content[..<end]) else { return nil }
    return (address, DumpText.string(content[end...].drop(while: Self.isBlank)))
  }

  /// The address of the kernel's early dump: `pci ADDRESS: config space:`, also by a driver's name.
  var earlyDumpFunction: PCIAddress? {
    let end = content.suffix(80)
    guard DumpText.range(of: "config", in: end) != nil else { return nil }
    let words = end.split(separator: 0x20)
    guard words.count >= 3, words[words.count &- 2].elementsEqual("config".utf8),
      words[words.count &- 1].starts(with: "space".utf8)
    else { return nil }
    var word = words[words.count &- 3]
    if word.last == UInt8(ascii: ":") { word.removeLast() }
    return PCIAddress(digits: word)
  }

  /// The address in a command that prints a space, such as `xxd …/0000\:05\:00.0/config` or
  /// `lspci -s 05:00.0`.
  var commandFunction: PCIAddress? {
    guard content.count <= 1024,
      DumpText.range(of: "config", in: content) != nil
        || DumpText.range(of: " -s", in: content) != nil
    else { return nil }
    let plain = content.filter { $0 != UInt8(ascii: "\\") }
    let words = plain.split { byte in
      Digits.value(of: byte) == nil && byte != UInt8(ascii: ":") && byte != UInt8(ascii: ".")
    }
    return words.reversed().lazy.compactMap(PCIAddress.init(digits:)).first
  }
}
