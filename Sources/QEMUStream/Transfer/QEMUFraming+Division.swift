import ByteIO

extension QEMUFraming {
  /// The most state that QEMU puts into a record (QEMU hw/vfio/migration.c).
  private static var longestRecord: UInt64 { 1 << 20 }

  /// How state of `preCopy` and `stopCopy` bytes is divided that shall stand where a stream has the sections of `own`:
  /// as it was before, where `carried` says so or where it is as long as what stands there; else in QEMU's manner, with
  /// all of pre-copy in the first section that can have it.
  ///
  /// Throws `mismatch` at `end`, where the device's last section ends, if the stream has no place for it.
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
      return try own.holding(preCopy: preCopy, stopCopy: stopCopy)
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
        // The sizes may be those that a .dms stream says.
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

  private func holding(preCopy: UInt64, stopCopy: UInt64) throws(ByteError) -> QEMUFraming {
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
  /// Goes on to the next section and gives it with the record that ends it; nil behind the last one.
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
