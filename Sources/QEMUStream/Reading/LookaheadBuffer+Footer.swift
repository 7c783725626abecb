import ByteIO

extension LookaheadBuffer where Source: ~Copyable {
  // The footer, then a part's type, its number, the length of a name, a name of 255 bytes, an
  // instance and a version.
  private static var longestHead: Int { 5 + 1 + 4 + 1 + 255 + 8 }

  /// Goes on to the first footer of section `id` with bytes behind it that may follow a section.
  ///
  /// False if the source ends before.
  ///
  /// Chance does not make such a sequence of bytes, though a guest that knows the format might.
  mutating func findFooter(
    of id: UInt32, among sections: [UInt32: QEMUSection]
  ) throws(Failure) -> Bool {
    while true {
      let available = try ensure(Self.longestHead)
      guard available >= 5 else { return false }
      let isLast = available < Self.longestHead
      // A footer can only be judged with a whole head behind it, unless no more bytes come.
      let end = isLast ? available - 4 : available - Self.longestHead + 1
      let found = bytes.firstFooter(of: id, in: 0..<end) ?? end
      advance(found)
      if found == end {
        if isLast { return false }
        continue
      }
      if bytes.extracting(droppingFirst: 5).mayBeginPart(after: sections) { return true }
      advance(1)
    }
  }
}

extension LookaheadBuffer where Source: ~Copyable {
  /// Goes on to the next FULL section, or to the end of the stream, of a stream without footers.
  ///
  /// False if the source ends before.
  mutating func findNextSection(among sections: [UInt32: QEMUSection]) throws(Failure) -> Bool {
    while true {
      let available = try ensure(Self.longestHead)
      guard available > 0 else { return false }
      let isLast = available < Self.longestHead
      let end = isLast ? available : available - Self.longestHead + 1
      var position = 0
      while position < end {
        if bytes.extracting(droppingFirst: position).beginsFullSection(after: sections) {
          advance(position)
          return true
        }
        position &+= 1
      }
      advance(end)
      if isLast { return false }
    }
  }
}

extension RawSpan {
  /// Whether a FULL section that has not been yet, or the end of the stream, is next.
  fileprivate func beginsFullSection(after sections: [UInt32: QEMUSection]) -> Bool {
    guard self[byte: 0] == QEMUSection.Kind.full.rawValue else {
      return self[byte: 0] == QEMUPartType.end.rawValue && mayBeginPart(after: sections)
    }
    guard byteCount >= 5 else { return false }
    // The reader knows the one that it is in; a device that was sent in pieces has ended before.
    return sections[big(UInt32.self, at: 1)].map { $0.kind == .end } ?? true
      && mayBeginPart(after: sections)
  }

  fileprivate func firstFooter(of id: UInt32, in range: Range<Int>) -> Int? {
    var position = range.lowerBound
    while position < range.upperBound {
      if self[byte: position] == QEMUPartType.footer.rawValue,
        big(UInt32.self, at: position &+ 1) == id
      {
        return position
      }
      position &+= 1
    }
    return nil
  }

  /// Whether the footer of section `id` is next.
  func beginsFooter(of id: UInt32) -> Bool {
    byteCount >= 5 && self[byte: 0] == QEMUPartType.footer.rawValue
      && big(UInt32.self, at: 1) == id
  }

  /// Whether a stream that knows `sections` may go on with these bytes.
  func mayBeginPart(after sections: [UInt32: QEMUSection]) -> Bool {
    guard byteCount > 0 else { return false }
    if let kind = QEMUSection.Kind(rawValue: self[byte: 0]) {
      guard byteCount >= 5 else { return false }
      let id = big(UInt32.self, at: 1)
      if kind == .part || kind == .end { return sections[id]?.kind == .start }
      return mayBeSectionName(of: id, sections)
    }
    switch QEMUPartType(rawValue: self[byte: 0]) {
    case .end:
      return byteCount == 1
        || byteCount >= 7 && self[byte: 1] == QEMUPartType.description.rawValue
          && self[byte: 6] == UInt8(ascii: "{")
    case .command:
      guard byteCount >= 5 else { return false }
      return (1..<UInt16(QEMUStreamCommand.count)).contains(big(UInt16.self, at: 1))
    default: return false
    }
  }

  private func mayBeSectionName(of id: UInt32, _ sections: [UInt32: QEMUSection]) -> Bool {
    guard byteCount >= 6 else { return false }
    let count = Int(self[byte: 5])
    guard count > 0, byteCount >= 6 + count + 8 else { return false }
    let name = extracting(6..<6 + count)
    guard (0..<count).allSatisfy({ (0x20...0x7e).contains(name[byte: $0]) }) else { return false }
    if let known = sections[id], [UInt8](known.name.utf8) != [UInt8](name) { return false }
    return big(UInt32.self, at: 6 + count + 4) <= 0xffff
  }
}
