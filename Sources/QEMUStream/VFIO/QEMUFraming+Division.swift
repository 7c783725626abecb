import ByteIO

extension QEMUFraming {
  /// The most state that QEMU puts into a record (QEMU hw/vfio/migration.c).
  private static var longestRecord: UInt64 { 1 << 20 }

  /// Divides state of `preCopy` and `stopCopy` bytes over the sections of `own`.
  ///
  /// Uses `carried`, else `own`, if its sizes and sections match; otherwise divides as QEMU does,
  /// with all of pre-copy in the first section that can hold it.
  ///
  /// Throws `mismatch` at `end`, the end of the device's last section, if the stream has no place
  /// for the state.
  public static func dividing(
    preCopy: UInt64, stopCopy: UInt64, carried: QEMUFraming?, own: QEMUFraming,
    endingAt end: UInt64
  ) throws(QEMUStreamError) -> QEMUFraming {
    for framing in [carried, own] {
      guard let framing, let sizes = try? framing.stateByteCounts(), sizes == (preCopy, stopCopy),
        (try? framing.hasSections(of: own)) == true
      else { continue }
      return framing
    }
    do throws(ByteError) {
      return try own.dividing(preCopy: preCopy, stopCopy: stopCopy)
    } catch {
      throw QEMUStreamError(
        .mismatch, at: end, expected: "an END section for the device's state", found: "none")
    }
  }

  /// The bytes of state in START and PART sections, and in all others.
  func stateByteCounts() throws(ByteError) -> (preCopy: UInt64, stopCopy: UInt64) {
    var counts: (preCopy: UInt64, stopCopy: UInt64) = (0, 0)
    var isRunning = false
    var events = events
    while let event = try events.next() {
      switch event {
      case .section(let kind): isRunning = kind == .start || kind == .part
      case .packets: isRunning = false
      case .record(_, let byteCount):
        // The sizes may come from a .dms stream, which says what it likes.
        let (sum, overflow) = (isRunning ? counts.preCopy : counts.stopCopy)
          .addingReportingOverflow(byteCount)
        guard !overflow else { throw ByteError(.malformedInteger, at: 0) }
        if isRunning { counts.preCopy = sum } else { counts.stopCopy = sum }
      }
    }
    return counts
  }

  /// Whether both have the same sections, and each ends where a record ends it.
  private func hasSections(of other: QEMUFraming) throws(ByteError) -> Bool {
    var (ours, theirs) = (events, other.events)
    while true {
      let pair = (try ours.nextSection(), try theirs.nextSection())
      guard pair.0 == pair.1 else { return false }
      if pair.0 == nil { return true }
    }
  }

  private func dividing(preCopy: UInt64, stopCopy: UInt64) throws(ByteError) -> QEMUFraming {
    var result = QEMUFraming()
    var (preCopy, stopCopy) = (preCopy, stopCopy)
    var events = events
    while let event = try events.next() {
      switch event {
      case .record(.data, _): continue
      case .section(let kind):
        result.append(event)
        if kind == .part || kind == .end { result.appendData(&preCopy) }
        if kind == .end { result.appendData(&stopCopy) }
      default: result.append(event)
      }
    }
    guard preCopy == 0, stopCopy == 0 else { throw ByteError(.malformedInteger, at: 0) }
    return result
  }

  private mutating func appendData(_ left: inout UInt64) {
    while left > 0 {
      let part = min(left, Self.longestRecord)
      append(.record(.data, byteCount: part))
      left -= part
    }
  }
}

extension QEMUFraming.Events {
  /// The next section with its configuration and its last record; nil behind the last section.
  fileprivate mutating func nextSection() throws(ByteError) -> [QEMUFraming.Event]? {
    var section: [QEMUFraming.Event] = []
    while let event = try next() {
      switch event {
      case .section, .packets:
        guard section.isEmpty else { throw ByteError(.malformedInteger, at: 0) }
        section.append(event)
      case .record(let kind, _):
        guard !section.isEmpty else { throw ByteError(.malformedInteger, at: 0) }
        if kind == .configuration { section.append(event) }
        if kind.endsSection { return section }
      }
    }
    guard section.isEmpty else { throw ByteError(.malformedInteger, at: 0) }
    return nil
  }
}
