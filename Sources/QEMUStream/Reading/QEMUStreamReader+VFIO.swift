import ByteIO

extension QEMUStreamReader where Source: ~Copyable {
  /// Reads a record of a VFIO section, without the state behind it.
  mutating func readRecord(
    of section: QEMUSection
  ) throws(Failure) -> QEMUStreamEvent {
    let offset = input.offset
    try input.require(8, "a VFIO record")
    if VFIORecord.Kind(tag: input.bytes.big(UInt64.self, at: 0)) == .data {
      // Who takes state out of the stream takes both out, which are to be held together for that.
      try input.require(8, after: 8, "the size of state")
    }
    let tag = try input.big(UInt64.self, "a VFIO record")
    guard let kind = VFIORecord.Kind(tag: tag) else {
      throw .stream(
        QEMUStreamError(
          .malformed, at: offset, expected: "the tag of a VFIO record",
          found: "0x\(hex(tag, digits: 16))"))
    }
    let content: VFIORecord.Content
    var dataLeft: UInt64 = 0
    switch kind {
    case .data:
      dataLeft = try input.big(UInt64.self, "the size of state")
      content = .data(byteCount: dataLeft)
    case .configuration: content = .configuration(try readConfiguration(in: section))
    default: content = .tag(kind)
    }
    stage = kind.endsSection ? .footer(section) : .records(section, dataLeft: dataLeft)
    return .record(VFIORecord(content: content, offset: offset))
  }

  private mutating func readConfiguration(
    in section: QEMUSection
  ) throws(Failure) -> VFIOConfiguration {
    let (sections, hasFooters) = (sections, hasFooters)
    // Without footers, whether a part follows is judged with all that may come.
    var needed = hasFooters == false ? VFIOConfiguration.longestByteCount : 1
    while true {
      let available = try input.ensure(needed)
      let isLast = available < needed || needed == VFIOConfiguration.longestByteCount
      let configuration: VFIOConfiguration?
      do throws(QEMUStreamError) {
        configuration = try VFIOConfiguration(
          parsing: input.bytes.extracting(
            first: min(available, VFIOConfiguration.longestByteCount)), at: input.offset,
          isLast: isLast,
          endingBy: {
            hasFooters == false
              ? $0.mayBeginPart(after: sections) : $0.beginsFooter(of: section.id)
          })
      } catch {
        throw .stream(error)
      }
      guard let configuration else {
        needed = min(available + 1, VFIOConfiguration.longestByteCount)
        continue
      }
      input.advance(configuration.byteCount)
      return configuration
    }
  }

  /// The next bytes of the state whose record `next()` gave, at most `limit`; none at its end.
  ///
  /// They are lent until the next call.
  @_lifetime(&self)
  public mutating func stateBytes(limit: Int = .max) throws(Failure) -> RawSpan {
    lent = try borrowState(limit)
    return input.bytes.extracting(first: lent)
  }

  private mutating func borrowState(_ limit: Int) throws(Failure) -> Int {
    if let failure { throw failure }
    input.advance(lent)
    lent = 0
    guard case .records(let section, let left) = stage, left > 0 else { return 0 }
    do throws(Failure) {
      try input.require(1, "state")
    } catch {
      let placed = placing(error)
      failure = placed
      throw placed
    }
    let count = min(Int(clamping: left), input.available, limit)
    stage = .records(section, dataLeft: left - UInt64(count))
    return count
  }
}
