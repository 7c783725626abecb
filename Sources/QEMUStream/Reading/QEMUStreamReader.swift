public import ByteIO

/// Reads a QEMU migration stream, section by section, from a source that need not be able to go
/// back.
///
/// RAM is counted and passed over, and VFIO devices are read record by record. Other sections are
/// passed over by the stream's description if it is known beforehand, else up to their footers.
/// Memory does not grow with the stream.
public struct QEMUStreamReader<Source: ByteSource & ~Copyable>: ~Copyable {
  /// Why the stream cannot be read on.
  public typealias Failure = QEMUReadError<Source.Failure>

  enum Stage {
    case head
    /// Between two sections; the configuration may come only before the first.
    case between(isFirst: Bool)
    case section(QEMUSection)
    /// In a VFIO section, with so many bytes of state before the next record.
    case records(QEMUSection, dataLeft: UInt64)
    /// Behind the tag that ends the section.
    case footer(QEMUSection)
    /// Behind the machine's state, before the description.
    case ended
    /// Behind the description.
    case described
    case finished
  }

  // More devices than any machine has.
  private static var sectionLimit: Int { 16384 }

  var input: LookaheadBuffer<Source>
  var stage = Stage.head
  private var memory = RAMReader()
  private(set) var sections: [UInt32: QEMUSection] = [:]
  private var hasConfiguration = false
  private let description: VMDescription?
  /// The number of bytes of state that the caller has on loan.
  var lent = 0
  var failure: Failure?

  /// Whether sections have footers, which machines up to 2.3 leave out; known from the first
  /// section on (QEMU hw/core/machine.c, `hw_compat_2_3`).
  public private(set) var hasFooters: Bool?
  /// Whether something follows the stream in its file; known once `next()` gave nil.
  public private(set) var hasTrailingData = false
  /// The size of a description that was passed over because it is too long; nil without one.
  public private(set) var unusedDescriptionByteCount: Int?

  /// A reader at the start of a stream.
  ///
  /// - `description`: the stream's description, if it is known beforehand.
  /// - `offset`: where the stream begins in its file. All offsets count from the file's start, as
  ///   those of mapped RAM do.
  public init(
    _ source: consuming Source, description: VMDescription? = nil, startingAt offset: UInt64 = 0
  ) {
    input = LookaheadBuffer(source, startingAt: offset)
    self.description = description
  }

  /// The same from a source that gets every byte back when it was passed over.
  init(
    returningTo source: consuming Source, description: VMDescription?, startingAt offset: UInt64
  ) where Source: ReturningByteSource {
    input = LookaheadBuffer(returningTo: source, startingAt: offset)
    self.description = description
  }

  /// The offset of the next byte.
  public var offset: UInt64 { input.offset }
  /// The machine's memory, as far as it was read.
  public var ram: RAMSummary { memory.summary }

  /// The next part, or nil behind the last one.
  ///
  /// State that the caller did not ask for is passed over. After an error every later call throws
  /// the same error.
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

  /// The error with the section in which it happened.
  func placing(_ error: Failure) -> Failure {
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
      input.advance(lent)
      lent = 0
      try input.skip(left, "state")
      return try readRecord(of: section)
    case .footer(let section): return try end(section, evidence: .framing)
    case .ended: return try readDescription()
    case .described:
      stage = .finished
      hasTrailingData = try input.ensure(1) > 0
      return nil
    case .finished: return nil
    }
  }

  // MARK: Parts

  private mutating func readHead() throws(Failure) {
    let available = try input.ensure(8)
    guard available >= 4, input.bytes.big(UInt32.self, at: 0) == QEMUPartType.magic else {
      throw .stream(
        QEMUStreamError(
          .notAStream, at: input.offset, expected: "a QEMU migration stream ('QEVM')",
          found: available == 0 ? "an empty input" : "other bytes"))
    }
    input.advance(4)
    let version = try input.big(UInt32.self, "the stream's version")
    guard version == QEMUPartType.version else {
      throw .stream(
        QEMUStreamError(
          .unsupportedVersion, at: input.offset - 4, expected: "version \(QEMUPartType.version)",
          found: "version \(version)"))
    }
    stage = .between(isFirst: true)
  }

  private mutating func readPart(isFirst: Bool) throws(Failure) -> QEMUStreamEvent {
    let offset = input.offset
    let type = try input.big(UInt8.self, "a section, or the end of the stream")
    stage = .between(isFirst: false)
    if let kind = QEMUSection.Kind(rawValue: type) {
      let section = try readSection(kind, at: offset)
      stage = .section(section)
      return .section(section)
    }
    switch QEMUPartType(rawValue: type) {
    case .configuration where isFirst:
      let configuration = try QEMUConfiguration(parsing: &input)
      memory.configuration = configuration
      hasConfiguration = true
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
    let id = try input.big(UInt32.self, "a section's number")
    if kind == .part || kind == .end {
      guard let first = sections[id], first.kind == .start else {
        throw .stream(
          QEMUStreamError(
            .misplaced, at: offset, expected: "a section that was begun with START and not ended",
            found: "\(kind) of section \(id)"))
      }
      let section = QEMUSection(
        kind: kind, id: id, name: first.name, instance: first.instance, version: first.version,
        offset: offset, bodyOffset: input.offset)
      if kind == .end { sections[id] = section }
      return section
    }
    let name = try input.name("a section's name")
    let instance = try input.big(UInt32.self, "the instance of '\(name)'")
    let version = try input.big(UInt32.self, "the version of '\(name)'")
    let section = QEMUSection(
      kind: kind, id: id, name: name, instance: instance, version: version, offset: offset,
      bodyOffset: input.offset)
    if let known = sections[id] {
      // A device that was sent in pieces may send the rest in a FULL section.
      guard kind == .full, known.kind == .end, known.name == name, known.instance == instance
      else {
        throw .stream(
          QEMUStreamError(
            .malformed, at: offset, expected: "a number of its own, as section \(known.label) has",
            found: "\(kind) of section \(section.label)"))
      }
    } else {
      guard sections.count < Self.sectionLimit else {
        throw .stream(
          QEMUStreamError(
            .limitExceeded, at: offset, expected: "at most \(Self.sectionLimit) devices",
            found: "more"))
      }
      sections[id] = section
    }
    return section
  }

  private mutating func readCommand(at offset: UInt64) throws(Failure) -> QEMUStreamCommand {
    let number = try input.big(UInt16.self, "a command")
    let byteCount = try input.big(UInt16.self, "a command's length")
    guard Int(number) < QEMUStreamCommand.count, number != 0 else {
      throw .stream(
        QEMUStreamError(
          .unsupported, at: offset, expected: "a command from 1 to \(QEMUStreamCommand.count - 1)",
          found: "command \(number)"))
    }
    try input.skip(UInt64(byteCount), "a command")
    if number == QEMUStreamCommand.postcopyAdvise && byteCount > 0 { memory.mayPostcopy = true }
    // The content of PACKAGED is sections and commands like any others, and follows.
    return QEMUStreamCommand(number: number, byteCount: byteCount, offset: offset)
  }

  private mutating func readDescription() throws(Failure) -> QEMUStreamEvent? {
    stage = .finished
    guard try input.ensure(1) > 0 else { return nil }
    guard input.bytes[byte: 0] == QEMUPartType.description.rawValue else {
      hasTrailingData = true
      return nil
    }
    stage = .described
    try input.require(4, after: 1, "the description's length")
    let headByteCount = VMDescription.headByteCount
    let byteCount = Int(input.bytes.big(UInt32.self, at: 1))
    guard byteCount <= VMDescription.longestByteCount else {
      input.advance(headByteCount)
      try input.skip(UInt64(byteCount), "the description")
      unusedDescriptionByteCount = byteCount
      return try advance()
    }
    // All of it is passed over at once, so that a copy finds it in one piece.
    try input.require(byteCount, after: headByteCount, "the description")
    let result: VMDescription
    do throws(QEMUStreamError) {
      result = try VMDescription(
        parsing: input.bytes.extracting(headByteCount..<headByteCount + byteCount),
        at: input.offset + UInt64(headByteCount))
    } catch {
      throw .stream(error)
    }
    input.advance(headByteCount + byteCount)
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
      try memory.read(from: &input)
      return try end(section, evidence: .framing)
    }
    if section.kind == .full,
      let device = description?.device(section.name, instance: section.instance)
    {
      try input.skip(device.byteCount, "'\(section.name)', as the description says")
      return try end(section, evidence: .description)
    }
    if hasFooters == false {
      guard try input.findNextSection(among: sections) else {
        throw .stream(
          QEMUStreamError(
            .unknownSection, at: section.offset,
            expected: "a section that the stream's description gives a size, or another behind it",
            found: "neither up to the end of the input"))
      }
      return try end(section, evidence: .next)
    }
    guard try input.findFooter(of: section.id, among: sections) else {
      throw .stream(
        QEMUStreamError(
          .unknownSection, at: section.offset,
          expected: "a section that the stream's description gives a size, or its footer",
          found: "neither up to the end of the input"))
    }
    return try end(section, evidence: .footer)
  }

  private mutating func end(
    _ section: QEMUSection, evidence: QEMUSection.End.Evidence
  ) throws(Failure) -> QEMUStreamEvent {
    let offset = input.offset
    if hasFooters == nil {
      // A machine that writes no configuration either may be one without them.
      let isThere = try input.ensure(5) >= 5 && input.bytes.beginsFooter(of: section.id)
      hasFooters = isThere || hasConfiguration
    }
    guard hasFooters == true else {
      stage = .between(isFirst: false)
      return .sectionEnd(
        QEMUSection.End(
          section: section, byteCount: offset - section.bodyOffset, evidence: evidence))
    }
    try input.require(5, "a section's footer")
    guard input.bytes.beginsFooter(of: section.id) else {
      let mark = input.bytes[byte: 0]
      let id = input.bytes.big(UInt32.self, at: 1)
      throw .stream(
        QEMUStreamError(
          evidence == .description ? .misleadingDescription : .malformed, at: offset,
          section: section.label,
          expected: "the footer of the section"
            + (evidence == .description
              ? ", which has \(offset - section.bodyOffset) bytes by the description" : ""),
          found: mark == QEMUPartType.footer.rawValue
            ? "the footer of section \(id)" : "byte 0x\(hex(mark, digits: 2))"))
    }
    input.advance(5)
    stage = .between(isFirst: false)
    return .sectionEnd(
      QEMUSection.End(
        section: section, byteCount: offset - section.bodyOffset, evidence: evidence))
  }
}

/// What `QEMUStreamReader` finds next.
public enum QEMUStreamEvent: Sendable, Hashable {
  /// The machine that the stream is of.
  case configuration(QEMUConfiguration)
  /// A section begins.
  case section(QEMUSection)
  /// A record of the VFIO section; after one of data, the reader lends the state's bytes.
  case record(VFIORecord)
  /// The section that began ends, footer included.
  case sectionEnd(QEMUSection.End)
  /// A command from the source's QEMU to the destination's.
  case command(QEMUStreamCommand)
  /// The end of the machine's state.
  case end
  /// QEMU's own list of what the sections hold.
  case description(VMDescription)
}
