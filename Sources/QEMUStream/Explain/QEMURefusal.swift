import ByteIO
import PCIConfig

/// A message of QEMU's load check, as a log has it.
public struct QEMURefusal: Sendable, Hashable {
  /// The offset in the configuration space, below 4096.
  public let offset: Int
  /// The byte in the stream.
  public let read: UInt8
  /// The byte of the destination's device.
  public let device: UInt8
  /// The bits that are compared.
  public let cmask: UInt8
  /// The bits that a guest writes.
  public let wmask: UInt8
  /// The bits that a guest clears.
  public let w1cmask: UInt8
  /// The section that QEMU was loading, such as `0000:00:12.0/pcie-root-port`; nil if the log does
  /// not say.
  public internal(set) var section: String?

  /// The bits for which QEMU refused the byte; none if the message contradicts itself.
  public var differing: UInt8 { (read ^ device) & cmask & ~wmask & ~w1cmask }

  /// The message in QEMU's words.
  public var message: String {
    "get_pci_config_device: Bad config data: i=0x\(hex(offset)) read: \(hex(read)) device: \(hex(device)) "
      + "cmask: \(hex(cmask)) wmask: \(hex(wmask)) w1cmask:\(hex(w1cmask))"
  }
}

/// The messages of QEMU's load check in a text.
public struct QEMULog: Sendable {
  /// A message, and where it stands.
  public struct Entry: Sendable, Hashable {
    /// What QEMU refused.
    public let refusal: QEMURefusal
    /// The lines on which it begins, counted from 1; several if QEMU tried again.
    public internal(set) var lines: [Int]
  }

  /// A message that cannot be read.
  public struct Defect: Error, Sendable, Hashable, CustomStringConvertible {
    /// The line on which it breaks off, counted from 1; nil if there is no message at all.
    public let line: Int?
    /// What a message has there.
    public let expected: String
    /// What the text has there.
    public let found: String

    public var description: String {
      (line.map { "line \($0): " } ?? "") + "expected \(expected), found \(found)"
    }
  }

  /// The messages in their order, each once.
  public let entries: [Entry]
  /// The messages that cannot be read, in their order.
  public let defects: [Defect]

  /// Whether `text` has a message of the load check, or a part of one.
  public static func hasMessage(_ text: String) -> Bool {
    var scanner = QEMULogScanner(Array(text.utf8))
    return scanner.next() != nil
  }

  /// Reads a text: a message, or a log of any length around it, in UTF-8 or UTF-16. Lines may be
  /// wrapped and quoted, and a message may lack its words before the numbers.
  ///
  /// - Throws: `Defect` if the text has no message that can be read.
  public init(_ text: [UInt8]) throws(Defect) {
    var scanner = QEMULogScanner(DumpText.withoutEncoding(text))
    var entries: [Entry] = []
    var indices: [QEMURefusal: Int] = [:]
    var defects: [Defect] = []
    while let line = scanner.next() {
      do throws(Defect) {
        let refusal = try scanner.refusal()
        if let index = indices[refusal] {
          entries[index].lines.append(line)
        } else {
          indices[refusal] = entries.count
          entries.append(Entry(refusal: refusal, lines: [line]))
        }
      } catch {
        defects.append(error)
      }
    }
    guard !entries.isEmpty else {
      throw defects.first
        ?? Defect(
          line: nil, expected: "a message 'get_pci_config_device: Bad config data: i=0x… read: …'",
          found: "none")
    }
    self.entries = entries
    self.defects = defects
  }
}

/// Finds and reads the messages of a text.
private struct QEMULogScanner {
  private let text: [UInt8]
  private var position = 0
  private var line = 1
  // Of those that begin with their words; the text's end if there is none.
  private var nextMark = -1
  // QEMU names the device on the line behind the message.
  private static let sectionDistance = 4096
  private static let mark = Array("Bad config data:".utf8)
  private static let numbers = Array("i=0x".utf8)
  private static let read = Array("read:".utf8)
  private static let device = Array("of device".utf8)

  init(_ text: [UInt8]) { self.text = text }

  private func find(_ word: [UInt8], from start: Int, before end: Int) -> Int? {
    var index = start
    while index <= end - word.count {
      if text[index] == word[0], text[index..<index + word.count].elementsEqual(word) {
        return index
      }
      index += 1
    }
    return nil
  }

  /// Goes behind the start of the next message; gives its line.
  mutating func next() -> Int? {
    if nextMark < position {
      nextMark = find(Self.mark, from: position, before: text.count) ?? text.count
    }
    let start = findNumbers(before: nextMark)
    let begin = start ?? nextMark
    guard begin < text.count else { return nil }
    move(to: begin)
    let line = line
    if start == nil { move(to: begin + Self.mark.count) }
    return line
  }

  /// The numbers of a message whose words are missing: `i=0x6e read: 0`.
  private func findNumbers(before end: Int) -> Int? {
    var index = position
    while let start = find(Self.numbers, from: index, before: end) {
      index = start + Self.numbers.count
      let isWord = start > 0 && Character(UnicodeScalar(text[start - 1])).isLetter
      var rest = text[index..<end].prefix(64).drop {
        Character(UnicodeScalar($0)).isHexDigit
      }
      rest = rest.drop(while: Self.isSpace)
      if !isWord, rest.starts(with: Self.read) { return start }
    }
    return nil
  }

  private mutating func move(to index: Int) {
    while position < index {
      if text[position] == UInt8(ascii: "\n") { line += 1 }
      position += 1
    }
  }

  /// Reads the message behind its start.
  mutating func refusal() throws(QEMULog.Defect) -> QEMURefusal {
    let offset = try number("i=", limit: 0xfff)
    let read = try number("read:", limit: 0xff)
    let device = try number("device:", limit: 0xff)
    let cmask = try number("cmask:", limit: 0xff)
    let wmask = try number("wmask:", limit: 0xff)
    let w1cmask = try number("w1cmask:", limit: 0xff)
    return QEMURefusal(
      offset: offset, read: UInt8(read), device: UInt8(device), cmask: UInt8(cmask),
      wmask: UInt8(wmask), w1cmask: UInt8(w1cmask), section: section())
  }

  /// The device that QEMU names behind the message, before the next one.
  private func section() -> String? {
    let near = min(text.count, position + Self.sectionDistance)
    let end = find(Self.mark, from: position, before: near) ?? near
    guard let start = find(Self.device, from: position, before: end) else { return nil }
    var rest = text[(start + Self.device.count)..<end]
    rest = rest.drop { Self.isSpace($0) }
    guard rest.first == UInt8(ascii: "'") else { return nil }
    // The longest id has 255 bytes.
    let name = rest.dropFirst().prefix(256).prefix { $0 != UInt8(ascii: "'") && $0 >= 0x20 }
    return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
  }

  /// What wraps and quotes put between two words.
  private static func isSpace(_ byte: UInt8) -> Bool {
    byte <= 0x20 || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "|")
  }

  private mutating func skipSpace() {
    var index = position
    while index < text.count, Self.isSpace(text[index]) { index += 1 }
    move(to: index)
  }

  /// A hexadecimal number behind its label.
  private mutating func number(
    _ label: String, limit: Int
  ) throws(QEMULog.Defect) -> Int {
    skipSpace()
    let bytes = Array(label.utf8)
    guard text.dropFirst(position).starts(with: bytes) else { throw defect("'\(label)'") }
    position += bytes.count
    skipSpace()
    if text.dropFirst(position).starts(with: "0x".utf8) { position += 2 }
    var value = 0
    let start = position
    while position < text.count, value <= limit,
      let digit = Character(UnicodeScalar(text[position])).hexDigitValue
    {
      value = value << 4 | digit
      position += 1
    }
    guard position > start, value <= limit else {
      throw defect("a hexadecimal number up to \(hex(limit)) behind '\(label)'")
    }
    return value
  }

  private func defect(_ expected: String) -> QEMULog.Defect {
    let found = text.dropFirst(position).prefix(24).prefix { $0 >= 0x20 && $0 < 0x7f }
    return QEMULog.Defect(
      line: line, expected: expected,
      found: found.isEmpty
        ? position >= text.count ? "the end of the text" : "other bytes"
        : "'\(String(decoding: found, as: UTF8.self))'")
  }
}
