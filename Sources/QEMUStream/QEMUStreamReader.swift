public import ByteIO

/// Reads a QEMU migration stream, section by section, from a source that need not be able to go back.
///
/// RAM is counted and passed over, VFIO devices are read record by record, and other sections are passed over by the
/// stream's description where it is known beforehand (it stands at the end: a file can be asked for it), and else up to
/// their footers. Memory does not grow with the stream.
public struct QEMUStreamReader<Source: ByteSource & ~Copyable>: ~Copyable {
  /// Why the stream cannot be read on.
  public typealias Failure = QEMUReadError<Source.Failure>

  private enum Stage {
    case head
    /// Between two sections; the configuration may come only before the first.
    case between(isFirst: Bool)
    case section(QEMUSection)
    /// In a VFIO section, with so many bytes of state before the next record.
    case records(QEMUSection, dataLeft: UInt64)
    /// The tag came that ends the section.
    case footer(QEMUSection)
    case ended
    case finished
  }

  // More devices than any machine has.
  private static var mostSections: Int { 16384 }

  private var window: SourceWindow<Source>
  private var stage = Stage.head
  private var memory = RAMReader()
  private var sections: [UInt32: QEMUSection] = [:]
  private let description: VMDescription?
  private var lent = 0
  private var failure: Failure?

  /// Whether something follows the stream in its file.
  public private(set) var hasTrailingData = false
  /// The size of a description that was passed over because it is too long; nil where there was none.
  public private(set) var unusedDescriptionByteCount: Int?

  /// - Parameter description: what the stream's end says of it, where that is known.
  public init(_ source: consuming Source, description: VMDescription? = nil) {
    window = SourceWindow(source)
    self.description = description
  }

  /// Where the next byte stands.
  public var offset: UInt64 { window.offset }
  /// The machine's memory, as far as it was read.
  public var ram: RAMSummary { memory.summary }

  /// The next part, or nil behind the last one.
  ///
  /// State that was not taken is passed over. After an error every later call throws the same error.
  public mutating func next() throws(Failure) -> QEMUStreamEvent? {
    if let failure { throw failure }
    do throws(Failure) {
      return try advance()
    } catch {
      let placed = placing(error)
      failure = placed
      throw placed
    }
  }

  private func placing(_ error: Failure) -> Failure {
    guard case .stream(var cause) = error, cause.section == nil else { return error }
    switch stage {
    case .section(let section), .records(let section, _), .footer(let section):
      cause.section = section.label
    default: break
    }
    return .stream(cause)
  }

  private mutating func advance() throws(Failure) -> QEMUStreamEvent? {
    switch stage {
    case .head:
      try readHead()
      return try advance()
    case .between(let isFirst): return try readPart(isFirst: isFirst)
    case .section(let section): return try readContent(of: section)
    case .records(let section, let left):
      window.advance(lent)
      lent = 0
      try window.skip(left, "state")
      return try readRecord(of: section)
    case .footer(let section): return try end(section, evidence: .framing)
    case .ended: return try readDescription()
    case .finished: return nil
    }
  }

  // MARK: Parts

  private mutating func readHead() throws(Failure) {
    let available = try window.look(8)
    guard available >= 4, window.bytes.big(UInt32.self, at: 0) == StreamByte.magic else {
      throw .stream(
        QEMUStreamError(
          .notAStream, at: 0, expected: "a QEMU migration stream ('QEVM')",
          found: available == 0 ? "an empty input" : "other bytes"))
    }
    window.advance(4)
    let version = try window.big(UInt32.self, "the stream's version")
    guard version == StreamByte.version else {
      throw .stream(
        QEMUStreamError(
          .unsupportedVersion, at: 4, expected: "version \(StreamByte.version)",
          found: "version \(version)"))
    }
    stage = .between(isFirst: true)
  }

  private mutating func readPart(isFirst: Bool) throws(Failure) -> QEMUStreamEvent {
    let offset = window.offset
    let type = try window.big(UInt8.self, "a section, or the end of the stream")
    stage = .between(isFirst: false)
    if let kind = QEMUSection.Kind(rawValue: type) {
      let section = try readSection(kind, at: offset)
      stage = .section(section)
      return .section(section)
    }
    switch StreamByte(rawValue: type) {
    case .configuration where isFirst:
      let configuration = try QEMUConfiguration(parsing: &window)
      memory.configuration = configuration
      return .configuration(configuration)
    case .command: return .command(try readCommand(at: offset))
    case .end:
      stage = .ended
      return .end
    default:
      throw .stream(
        QEMUStreamError(
          .malformed, at: offset, expected: "a section, a command or the end of the stream",
          found: "byte 0x\(hex(type, digits: 2))"))
    }
  }

  private mutating func readSection(
    _ kind: QEMUSection.Kind, at offset: UInt64
  ) throws(Failure) -> QEMUSection {
    let id = try window.big(UInt32.self, "a section's number")
    if kind == .part || kind == .end {
      guard let first = sections[id], first.kind == .start else {
        throw .stream(
          QEMUStreamError(
            .misplaced, at: offset, expected: "a section that was begun with START and not ended",
            found: "\(kind) of section \(id)"))
      }
      let section = QEMUSection(
        kind: kind, id: id, name: first.name, instance: first.instance, version: first.version,
        offset: offset, bodyOffset: window.offset)
      if kind == .end { sections[id] = section }
      return section
    }
    let name = try window.name("a section's name")
    let instance = try window.big(UInt32.self, "the instance of '\(name)'")
    let version = try window.big(UInt32.self, "the version of '\(name)'")
    let section = QEMUSection(
      kind: kind, id: id, name: name, instance: instance, version: version, offset: offset,
      bodyOffset: window.offset)
    if let known = sections[id] {
      // A device that was sent in pieces may say the rest in a FULL section.
      guard kind == .full, known.kind == .end, known.name == name, known.instance == instance
      else {
        throw .stream(
          QEMUStreamError(
            .malformed, at: offset, expected: "a number of its own, as section \(known.label) has",
            found: "\(kind) of section \(section.label)"))
      }
    } else {
      guard sections.count < Self.mostSections else {
        throw .stream(
          QEMUStreamError(
            .limitExceeded, at: offset, expected: "at most \(Self.mostSections) devices",
            found: "more"))
      }
      sections[id] = section
    }
    return section
  }

  private mutating func readCommand(at offset: UInt64) throws(Failure) -> QEMUStreamCommand {
    let number = try window.big(UInt16.self, "a command")
    let byteCount = try window.big(UInt16.self, "a command's length")
    guard Int(number) < QEMUStreamCommand.count, number != 0 else {
      throw .stream(
        QEMUStreamError(
          .unsupported, at: offset, expected: "a command from 1 to \(QEMUStreamCommand.count - 1)",
          found: "command \(number)"))
    }
    try window.skip(UInt64(byteCount), "a command")
    if number == QEMUStreamCommand.postcopyAdvise && byteCount > 0 { memory.mayPostcopy = true }
    // What is packaged is sections and commands like any others, and they follow.
    return QEMUStreamCommand(number: number, byteCount: byteCount, offset: offset)
  }

  private mutating func readDescription() throws(Failure) -> QEMUStreamEvent? {
    stage = .finished
    guard try window.look(1) > 0 else { return nil }
    guard window.bytes[byte: 0] == StreamByte.description.rawValue else {
      hasTrailingData = true
      return nil
    }
    window.advance(1)
    let byteCount = Int(try window.big(UInt32.self, "the description's length"))
    guard byteCount <= VMDescription.longestByteCount else {
      try window.skip(UInt64(byteCount), "the description")
      unusedDescriptionByteCount = byteCount
      hasTrailingData = try window.look(1) > 0
      return nil
    }
    try window.require(byteCount, "the description")
    let result: VMDescription
    do throws(QEMUStreamError) {
      result = try VMDescription(
        parsing: window.bytes.extracting(first: byteCount), at: window.offset)
    } catch {
      throw .stream(error)
    }
    window.advance(byteCount)
    hasTrailingData = try window.look(1) > 0
    return .description(result)
  }

  // MARK: Content of sections

  private mutating func readContent(
    of section: QEMUSection
  ) throws(Failure) -> QEMUStreamEvent {
    if section.isVFIO {
      stage = .records(section, dataLeft: 0)
      return try readRecord(of: section)
    }
    if section.isRAM {
      try memory.read(from: &window)
      return try end(section, evidence: .framing)
    }
    if section.kind == .full,
      let device = description?.device(section.name, instance: section.instance)
    {
      try window.skip(device.byteCount, "'\(section.name)', as the description says")
      return try end(section, evidence: .description)
    }
    guard try window.findFooter(of: section.id, among: sections) else {
      throw .stream(
        QEMUStreamError(
          .unknownSection, at: section.offset,
          expected: "a section that the stream's description gives a size, or its footer",
          found: "neither up to the end of the input"))
    }
    return try end(section, evidence: .footer)
  }

  private mutating func readRecord(
    of section: QEMUSection
  ) throws(Failure) -> QEMUStreamEvent {
    let offset = window.offset
    let tag = try window.big(UInt64.self, "a VFIO record")
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
      dataLeft = try window.big(UInt64.self, "the size of state")
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
    let available = try window.look(VFIOConfiguration.longestByteCount)
    let configuration: VFIOConfiguration
    do throws(QEMUStreamError) {
      configuration = try VFIOConfiguration(
        parsing: window.bytes.extracting(
          first: min(available, VFIOConfiguration.longestByteCount)), at: window.offset,
        endingBy: { $0.beginsFooter(of: section.id) })
    } catch {
      throw .stream(error)
    }
    window.advance(configuration.byteCount)
    return configuration
  }

  /// The next bytes of the state whose record `next()` gave, as many as are at hand; none when all were lent.
  @_lifetime(&self)
  public mutating func stateBytes(limit: Int = .max) throws(Failure) -> RawSpan {
    lent = try takeState(limit)
    return window.bytes.extracting(first: lent)
  }

  private mutating func takeState(_ limit: Int) throws(Failure) -> Int {
    if let failure { throw failure }
    window.advance(lent)
    lent = 0
    guard case .records(let section, let left) = stage, left > 0 else { return 0 }
    do throws(Failure) {
      try window.require(1, "state")
    } catch {
      let placed = placing(error)
      failure = placed
      throw placed
    }
    let count = min(Int(clamping: left), window.available, limit)
    stage = .records(section, dataLeft: left - UInt64(count))
    return count
  }

  private mutating func end(
    _ section: QEMUSection, evidence: QEMUSection.End.Evidence
  ) throws(Failure) -> QEMUStreamEvent {
    let offset = window.offset
    try window.require(5, "a section's footer")
    guard window.bytes.beginsFooter(of: section.id) else {
      let mark = window.bytes[byte: 0]
      let id = window.bytes.big(UInt32.self, at: 1)
      throw .stream(
        QEMUStreamError(
          evidence == .description ? .misleadingDescription : .malformed, at: offset,
          section: section.label,
          expected: "the footer of the section"
            + (evidence == .description
              ? ", which has \(offset - section.bodyOffset) bytes by the description" : ""),
          found: mark == StreamByte.footer.rawValue
            ? "the footer of section \(id)" : "byte 0x\(hex(mark, digits: 2))"))
    }
    window.advance(5)
    stage = .between(isFirst: false)
    return .sectionEnd(
      QEMUSection.End(
        section: section, byteCount: offset - section.bodyOffset, evidence: evidence))
  }
}
