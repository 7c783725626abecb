import ByteIO

/// How words in a dump were turned into bytes, for tools that print no bytes but numbers.
public struct DumpedWords: Sendable, Hashable {
  /// Which byte of a word stands first in memory.
  public enum Order: String, Sendable, Hashable {
    case littleEndian = "little-endian"
    case bigEndian = "big-endian"
  }

  /// What the order is known by.
  public enum Evidence: String, Sendable, Hashable {
    /// The characters that stand behind the words.
    case text
    /// The other order makes no header.
    case header
    /// The tool's habit, since nothing else tells.
    case tool
  }

  /// The bits of a word: 16, 32 or 64.
  public let bitCount: Int
  /// The order of its bytes.
  public let order: Order
  /// What tells the order.
  public let evidence: Evidence
}

extension DumpedWords: CustomStringConvertible {
  /// The words and why their order is taken for it: `little-endian words of 32 bits, as …`.
  public var description: String {
    let reason =
      switch evidence {
      case .text: "as the characters beside them say"
      case .header: "which in the other order make no header as sound"
      case .tool: "as od and hexdump print them on most machines"
      }
    return "\(order.rawValue) words of \(bitCount) bits, \(reason)"
  }
}

/// Decides the order of bytes in the words of a dump.
struct WordOrderDecision {
  /// How words look to the tools that print them so, if one order is what they print by far.
  private let habit: DumpedWords.Order?
  private let wordByteCount: Int

  /// Decides for rows of `form`, in words of `wordByteCount` bytes.
  init(_ form: DumpRow.Form, wordByteCount: Int) {
    self.wordByteCount = wordByteCount
    switch form {
    // od and hexdump print numbers of the machine that they run on.
    case .offset: habit = .littleEndian
    // xxd puts two bytes together as they stand, unless told otherwise.
    case .colon: habit = wordByteCount == 2 ? .bigEndian : nil
    case .bare, .binary: habit = nil
    }
  }

  /// The order of the words whose bytes are `big`, as the digits stand, or `little`; nil if neither
  /// header makes sense, or both do.
  ///
  /// `textOrder` is what the characters behind the words say.
  func order(
    big: ConfigSpace, little: ConfigSpace, textOrder: DumpedWords.Order?
  ) -> DumpedWords? {
    if let textOrder { return words(textOrder, .text) }
    let (bigCount, littleCount) = (big.contradictions.count, little.contradictions.count)
    if let habit {
      let isBig = habit == .bigEndian
      let (own, other) = isBig ? (bigCount, littleCount) : (littleCount, bigCount)
      let otherSpace = isBig ? little : big
      // A strange header in the usual order is likelier than the unusual order, unless that has
      // capabilities where they belong.
      let hasList = (otherSpace.u8(at: 0x06) ?? 0) & 0x10 != 0
      guard other == 0, own > (hasList ? 0 : 1) else {
        return words(habit, own < other ? .header : .tool)
      }
      return words(isBig ? .littleEndian : .bigEndian, .header)
    }
    if big.bytes == little.bytes { return words(.littleEndian, .header) }
    let isClear = min(bigCount, littleCount) == 0 || abs(bigCount &- littleCount) >= 3
    guard isClear, bigCount != littleCount else { return nil }
    return words(bigCount < littleCount ? .bigEndian : .littleEndian, .header)
  }

  private func words(_ order: DumpedWords.Order, _ evidence: DumpedWords.Evidence) -> DumpedWords {
    DumpedWords(bitCount: 8 &* wordByteCount, order: order, evidence: evidence)
  }

  /// Why a dump is refused whose order nothing tells.
  static func undecided(
    big: ConfigSpace, little: ConfigSpace, bitCount: Int, line: Int
  ) -> PCIConfigError {
    let makesSense = big.contradictions.isEmpty
    return PCIConfigError(
      .dump, at: .text(line: line, column: nil),
      "expected bytes, or words that make a header in one order of their bytes, found words of "
        + "\(bitCount) bits that make \(makesSense ? "one in either" : "none in either"): "
        + "little-endian \(ids(little)), big-endian \(ids(big)); od -t x1 and xxd -g 1 print bytes")
  }

  private static func ids(_ space: ConfigSpace) -> String {
    "\(hex(space.vendorID, digits: 4)):\(hex(space.deviceID, digits: 4))"
  }
}
