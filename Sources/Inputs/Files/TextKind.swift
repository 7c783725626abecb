import ByteIO
import QEMUStream

/// What a text is, told by its first lines.
struct TextKind {
  let fileKind: FileKind

  // Enough lines to pass over the head of a mail.
  private static let lineLimit = 400

  /// Looks at text; its last line may be cut.
  init(_ prefix: RawSpan) {
    let text = Self.plain(prefix)
    if let kind = Self.json(text) {
      fileKind = kind
      return
    }
    let lines = text.split(separator: UInt8(ascii: "\n"), maxSplits: Self.lineLimit)
      .prefix(Self.lineLimit).map(TextLine.init)
    if lines.contains(where: \.isSlotHead) {
      fileKind = .lspciText
    } else if Self.isHexDump(lines) {
      fileKind = .hexDump
    } else if QEMULog.hasMessage(String(decoding: text, as: UTF8.self)) {
      fileKind = .qemuLog
    } else if Self.isYAML(lines) {
      fileKind = lines.contains(where: \.isProfileKey) ? .profile : .yaml
    } else {
      fileKind = .text
    }
  }

  /// The text with a byte for each character, without a mark of its encoding.
  private static func plain(_ prefix: RawSpan) -> [UInt8] {
    let bytes = [UInt8](prefix)
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { return Array(bytes.dropFirst(3)) }
    let isBig = bytes.starts(with: [0xfe, 0xff])
    guard isBig || bytes.starts(with: [0xff, 0xfe]) else { return bytes }
    return stride(from: 2, to: bytes.count & ~1, by: 2).map { index in
      let (high, low) =
        isBig ? (bytes[index], bytes[index + 1]) : (bytes[index + 1], bytes[index])
      return high == 0 ? low : UInt8(ascii: "?")
    }
  }

  // MARK: JSON

  private static func json(_ text: [UInt8]) -> FileKind? {
    var rest = text.drop(while: isSpace)
    guard let first = rest.popFirst() else { return nil }
    rest = rest.drop(while: isSpace)
    switch first {
    case UInt8(ascii: "{"):
      guard let next = rest.first else { return .json }
      guard next == UInt8(ascii: "\"") else { return next == UInt8(ascii: "}") ? .json : nil }
      // The first of a trace's calls.
      if rest.starts(with: "\"call\":".utf8) { return .trace }
      return isSnapshot(rest.dropFirst()) ? .cloudHypervisorState : .json
    case UInt8(ascii: "["):
      let isValue = rest.first.map { "{[\"]-0123456789tfn".utf8.contains($0) } ?? true
      return isValue && !isTime(rest) ? .json : nil
    default: return nil
    }
  }

  /// Whether a bracket was the first of a time, as before a line of a log: `0.123456] text`.
  private static func isTime(_ text: ArraySlice<UInt8>) -> Bool {
    let time = text.prefix { "0123456789.:-TZ ".utf8.contains($0) }
    let rest = text.dropFirst(time.count)
    return rest.first == UInt8(ascii: "]") && rest.dropFirst().first == 0x20
  }

  /// Whether the first key is one of a snapshot's tree; files of older versions have an id first.
  private static func isSnapshot(_ text: ArraySlice<UInt8>) -> Bool {
    let keys = ["snapshots\"", "snapshot_data\""]
    if keys.contains(where: { text.starts(with: $0.utf8) }) { return true }
    guard text.starts(with: "id\"".utf8) else { return false }
    let front = String(decoding: text.prefix(256), as: UTF8.self)
    return keys.contains { front.contains("\"" + $0) }
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d
  }

  // MARK: Dumps and YAML

  /// Whether two lines are rows of bytes, or the only one is digits.
  private static func isHexDump(_ lines: [TextLine]) -> Bool {
    let rows = lines.lazy.filter(\.isRow).prefix(2).count
    return rows == 2 || rows == 1 && lines.filter { !$0.isBlank && !$0.isRepetition }.count == 1
  }

  /// Whether each line of the first is a key, an item, a continuation of one, or a remark, and at
  /// least one is a key.
  private static func isYAML(_ lines: [TextLine]) -> Bool {
    // The last line may be cut.
    let seen = lines.filter { !$0.isBlank }.prefix(40)
    return seen.contains(where: \.isKey)
      && seen.allSatisfy { $0.isKey || $0.isItem || $0.isIndented || $0.isRemark }
  }
}

/// A line of a text, as far as it tells what the text is.
private struct TextLine {
  /// Without spaces and quote marks before it and spaces behind it.
  private let content: ArraySlice<UInt8>
  let isIndented: Bool

  init(_ line: ArraySlice<UInt8>) {
    isIndented = line.first == 0x20 || line.first == 0x09
    var content = line.drop { $0 == 0x20 || $0 == 0x09 || $0 == UInt8(ascii: ">") }
    while let last = content.last, last == 0x20 || last == 0x0d || last == 0x09 {
      content.removeLast()
    }
    self.content = content
  }

  var isBlank: Bool { content.isEmpty }

  /// The star that hexdump prints for rows like the one before.
  var isRepetition: Bool { content.elementsEqual("*".utf8) }

  /// A slot and a space or the end: `3b:00.1 `, `0000:3b:00.1 `.
  var isSlotHead: Bool {
    let word = content.prefix { $0 != 0x20 }
    guard (7...16).contains(word.count) else { return false }
    let parts = word.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), let last = parts.last, last.count == 4 else {
      return false
    }
    let function = Array(last)
    let hasDomain = parts.count == 3 ? (4...8).contains(parts[0].count) : true
    return hasDomain && parts[parts.count - 2].count == 2
      && parts.dropLast().allSatisfy { $0.allSatisfy(Self.isDigit) }
      && Self.isDigit(function[0]) && Self.isDigit(function[1])
      && function[2] == UInt8(ascii: ".")
      && (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(function[3])
  }

  /// An offset and bytes, bytes without an offset, or QEMU's trace of a read.
  var isRow: Bool {
    var words = content.split(separator: 0x20).map { $0 }
    // The kernel's log has a time before each line.
    if words.first?.first == UInt8(ascii: "[") {
      guard let end = words.firstIndex(where: { $0.last == UInt8(ascii: "]") }) else {
        return false
      }
      words.removeFirst(end + 1)
    }
    guard let first = words.first else { return false }
    if words.count == 1 {
      return first.count >= 32 && first.count % 2 == 0 && first.allSatisfy(Self.isDigit)
    }
    // QEMU's log may have a thread and a time before it, without a blank.
    let trace = Array("vfio_pci_read_config".utf8)
    if words.contains(where: { $0.firstRange(of: trace) != nil }) { return true }
    let offset = first.last == UInt8(ascii: ":") ? first.dropLast() : first
    let digits = offset.starts(with: "0x".utf8) ? offset.dropFirst(2) : offset
    let bytes = words.dropFirst().prefix { word in
      [2, 4, 6, 8].contains(word.count) && word.allSatisfy(Self.isDigit)
    }
    return (1...8).contains(digits.count) && digits.allSatisfy(Self.isDigit) && bytes.count >= 4
  }

  /// `key:`, with a value or none.
  var isKey: Bool {
    guard !isIndented, let colon = content.firstIndex(of: UInt8(ascii: ":")) else { return false }
    let key = content[..<colon]
    let next = content[colon...].dropFirst().first
    return !key.isEmpty && (next == nil || next == 0x20)
      && key.allSatisfy { byte in
        Self.isLetter(byte) || (0x30...0x39).contains(byte) || "-_.".utf8.contains(byte)
      }
  }

  /// What every profile has: its name, under a key of its own.
  var isProfileKey: Bool { isKey && content.starts(with: "profile:".utf8) }

  var isItem: Bool { content.starts(with: "- ".utf8) }
  var isRemark: Bool {
    content.first == UInt8(ascii: "#") || content.first == UInt8(ascii: "%")
      || content.elementsEqual("---".utf8)
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
    default: false
    }
  }
}
