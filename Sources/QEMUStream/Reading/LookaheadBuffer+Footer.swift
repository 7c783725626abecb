import ByteIO

extension LookaheadBuffer where Source: ~Copyable {
  // A part's type, its number, the length of a name, a name of 255 bytes, an instance, a version.
  private static var longestHead: Int { 1 + 4 + 1 + 255 + 8 }

  /// Goes on to the first footer of section `id` with bytes behind it that may follow a section.
  ///
  /// False if the source ends before. Of a live stream it asks for no more bytes than it needs to
  /// decide, for the peer may wait for an answer before it sends more.
  ///
  /// Chance does not make such a sequence of bytes, though a guest that knows the format might.
  mutating func findFooter(
    of id: UInt32, among sections: [UInt32: QEMUSection]
  ) throws(Failure) -> Bool {
    while true {
      let available = try ensure(QEMUSection.footerByteCount)
      let end = available - QEMUSection.footerByteCount + 1
      guard end > 0 else { return false }
      let found = bytes.firstFooter(of: id, in: 0..<end) ?? end
      advance(found)
      if found == end { continue }
      if try isFollowedByPart(among: sections) { return true }
      advance(1)
    }
  }

  /// Whether bytes that may follow a section stand behind the footer that is next.
  private mutating func isFollowedByPart(
    among sections: [UInt32: QEMUSection]
  ) throws(Failure) -> Bool {
    let footer = QEMUSection.footerByteCount
    var needed = 1
    while true {
      // Whatever it is, its section's bytes need not wait for what follows.
      if available < footer + needed { try show(footer) }
      let isLast = try ensure(footer + needed) < footer + needed
      let rest = bytes.extracting(droppingFirst: footer)
      switch rest.partBeginning(after: sections, isLast: isLast) {
      case .whole(let isPart): return isPart
      case .more(let count): needed = count
      }
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

  /// Whether a stream that knows `sections` may go on with these bytes, behind which nothing comes.
  func mayBeginPart(after sections: [UInt32: QEMUSection]) -> Bool {
    partBeginning(after: sections, isLast: true) == .whole(true)
  }

  /// Whether a stream that knows `sections` may go on with these bytes, as far as they tell.
  ///
  /// - Parameter isLast: whether nothing comes behind them.
  fileprivate func partBeginning(
    after sections: [UInt32: QEMUSection], isLast: Bool
  ) -> PartBeginning {
    func needing(_ count: Int, _ isPart: () -> Bool) -> PartBeginning {
      byteCount >= count ? .whole(isPart()) : isLast ? .whole(false) : .more(count)
    }
    guard byteCount > 0 else { return isLast ? .whole(false) : .more(1) }
    if let kind = QEMUSection.Kind(rawValue: self[byte: 0]) {
      if kind == .part || kind == .end {
        return needing(5) { sections[big(UInt32.self, at: 1)]?.kind == .start }
      }
      guard byteCount >= 6 else { return isLast ? .whole(false) : .more(6) }
      return needing(6 + Int(self[byte: 5]) + 8) {
        mayBeSectionName(of: big(UInt32.self, at: 1), sections)
      }
    }
    switch QEMUPartType(rawValue: self[byte: 0]) {
    case .end:
      guard byteCount > 1 else { return isLast ? .whole(true) : .more(2) }
      guard self[byte: 1] == QEMUPartType.description.rawValue else { return .whole(false) }
      return needing(7) { self[byte: 6] == UInt8(ascii: "{") }
    case .command:
      return needing(5) {
        (1..<UInt16(QEMUStreamCommand.count)).contains(big(UInt16.self, at: 1))
      }
    default: return .whole(false)
    }
  }

  /// Whether a section's head, which is whole, has a name as devices have, and one of its own.
  private func mayBeSectionName(of id: UInt32, _ sections: [UInt32: QEMUSection]) -> Bool {
    let count = Int(self[byte: 5])
    guard count > 0 else { return false }
    let name = extracting(6..<6 + count)
    guard (0..<count).allSatisfy({ (0x20...0x7e).contains(name[byte: $0]) }) else { return false }
    if let known = sections[id], [UInt8](known.name.utf8) != [UInt8](name) { return false }
    return big(UInt32.self, at: 6 + count + 4) <= 0xffff
  }
}

/// What the first bytes of a part tell.
private enum PartBeginning: Equatable {
  /// Whether they may be a part's.
  case whole(Bool)
  /// So many bytes are needed to tell.
  case more(Int)
}
