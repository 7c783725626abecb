public import ByteIO

/// What a QEMU stream holds, without its memory and its state.
///
/// Its size follows the number of devices, never the amount of state.
public struct QEMUStreamCatalog: Sendable {
  /// The sections of one device, or of RAM.
  public struct Section: Sendable, Hashable {
    public let id: UInt32
    public let name: String
    public let instance: UInt32
    public let version: UInt32
    /// Where its first section begins.
    public let offset: UInt64
    /// How many sections of each kind.
    public internal(set) var counts: [QEMUSection.Kind: UInt64] = [:]
    /// The bytes of their content.
    public internal(set) var byteCount: UInt64 = 0
    /// What told the end of the last one.
    public internal(set) var evidence: QEMUSection.End.Evidence?
    var fullByteCount: UInt64?

    public var count: UInt64 { counts.values.reduce(0, &+) }
  }

  // More VFIO devices than a machine has, few enough that what is kept of each stays small.
  private static let mostDevices = 256

  public private(set) var configuration: QEMUConfiguration?
  /// In the order of their first sections.
  public private(set) var sections: [Section] = []
  public internal(set) var ram = RAMSummary()
  public internal(set) var vfioDevices: [VFIODeviceSummary] = []
  /// How often each command came.
  public private(set) var commandCounts: [String: UInt64] = [:]
  /// Whether the machine's state came to its end.
  public private(set) var isComplete = false
  public private(set) var description: VMDescription?
  /// The size of a description that is too long to be used; nil where there is none.
  public private(set) var unusedDescriptionByteCount: Int?
  /// Whether something follows the stream in its file.
  public private(set) var hasTrailingData = false
  /// The bytes up to where the stream was read.
  public private(set) var byteCount: UInt64 = 0
  /// Why the stream could not be read to its end, or cannot be trusted.
  public private(set) var defect: QEMUStreamError?

  private var indexByID: [UInt32: Int] = [:]
  private var deviceByID: [UInt32: Int] = [:]
  private var current: QEMUSection?
  /// The state that was announced and not yet counted, and where it begins.
  private var state: (byteCount: UInt64, offset: UInt64)?

  /// Reads a stream to its end, or to where it cannot be read on; `observe` sees every part.
  ///
  /// Throws what the source throws, and what `observe` does.
  public init<Source: ByteSource & ~Copyable>(
    reading reader: inout QEMUStreamReader<Source>,
    observing observe: (QEMUStreamEvent) throws(Source.Failure) -> Void = { _ in }
  ) throws(Source.Failure) {
    do throws(QEMUReadError<Source.Failure>) {
      while let event = try reader.next() {
        countState(before: reader.offset)
        do throws(QEMUStreamError) {
          try note(event)
        } catch {
          throw .stream(error)
        }
        do throws(Source.Failure) {
          try observe(event)
        } catch {
          throw .source(error)
        }
        if case .record(let record) = event, case .data(let byteCount) = record.content {
          state = (byteCount, reader.offset)
          try keepPrefix(of: &reader)
        }
      }
      hasTrailingData = reader.hasTrailingData
      unusedDescriptionByteCount = reader.unusedDescriptionByteCount
    } catch {
      switch error {
      case .stream(let cause):
        defect = cause
        countState(before: reader.offset)
      case .source(let cause): throw cause
      }
    }
    ram = reader.ram
    byteCount = reader.offset
  }

  /// Counts the state that was announced as far as it is there: up to where the stream was read.
  private mutating func countState(before offset: UInt64) {
    guard let state, let current, let device = deviceByID[current.id] else { return }
    vfioDevices[device].addState(min(state.byteCount, offset - state.offset), in: current)
    self.state = nil
  }

  private mutating func keepPrefix<Source: ByteSource & ~Copyable>(
    of reader: inout QEMUStreamReader<Source>
  ) throws(QEMUReadError<Source.Failure>) {
    guard let current, let device = deviceByID[current.id] else { return }
    while vfioDevices[device].statePrefix.count < VFIODeviceSummary.longestPrefix {
      let room = VFIODeviceSummary.longestPrefix - vfioDevices[device].statePrefix.count
      let bytes = [UInt8](try reader.stateBytes(limit: room))
      if bytes.isEmpty { return }
      vfioDevices[device].statePrefix += bytes
    }
  }

  // MARK: Events

  private mutating func note(_ event: QEMUStreamEvent) throws(QEMUStreamError) {
    switch event {
    case .configuration(let value): configuration = value
    case .section(let section): try begin(section)
    case .record(let record):
      guard let current, let device = deviceByID[current.id] else { return }
      vfioDevices[device].note(record)
    case .sectionEnd(let end): note(end)
    case .command(let command): commandCounts[command.name, default: 0] &+= 1
    case .end: isComplete = true
    case .description(let value):
      description = value
      checkSizes(by: value)
    }
  }

  private mutating func begin(_ section: QEMUSection) throws(QEMUStreamError) {
    current = section
    if indexByID[section.id] == nil {
      indexByID[section.id] = sections.count
      sections.append(
        Section(
          id: section.id, name: section.name, instance: section.instance,
          version: section.version, offset: section.offset))
    }
    guard section.isVFIO else { return }
    if deviceByID[section.id] == nil {
      guard vfioDevices.count < Self.mostDevices else {
        throw QEMUStreamError(
          .limitExceeded, at: section.offset, section: section.label,
          expected: "at most \(Self.mostDevices) VFIO devices", found: "more")
      }
      deviceByID[section.id] = vfioDevices.count
      vfioDevices.append(VFIODeviceSummary(section))
    }
  }

  private mutating func note(_ end: QEMUSection.End) {
    current = nil
    if let device = deviceByID[end.section.id] {
      vfioDevices[device].sectionCounts[end.section.kind, default: 0] &+= 1
    }
    guard let index = indexByID[end.section.id] else { return }
    sections[index].counts[end.section.kind, default: 0] &+= 1
    sections[index].byteCount &+= end.byteCount
    sections[index].evidence = end.evidence
    if end.section.kind == .full { sections[index].fullByteCount = end.byteCount }
  }

  /// Holds the sections whose end was looked for against what the stream says of them in the end.
  private mutating func checkSizes(by description: VMDescription) {
    for index in sections.indices {
      let section = sections[index]
      guard let found = section.fullByteCount,
        let device = description.device(section.name, instance: section.instance)
      else { continue }
      if found == device.byteCount {
        if section.evidence == .footer { sections[index].evidence = .description }
      } else if defect == nil {
        defect = QEMUStreamError(
          .misleadingDescription, at: section.offset,
          section: "\(section.id) (\(section.name))",
          expected: "\(device.byteCount) bytes, as the description at \(description.offset) says",
          found: "\(found) up to its footer")
      }
    }
  }
}

extension QEMUStreamCatalog {
  /// What is remarkable about the stream as a whole, in sentences.
  public var findings: [String] {
    var findings: [String] = []
    if let unusedDescriptionByteCount {
      findings.append(
        "the stream's description has \(unusedDescriptionByteCount) bytes, more than "
          + "\(VMDescription.longestByteCount), and was not used: nothing confirms the sizes of "
          + "sections")
    } else if description == nil && isComplete {
      findings.append("the stream has no description of its sections")
    }
    let searched = sections.filter { $0.evidence == .footer }
    if !searched.isEmpty {
      findings.append(
        "the ends of \(searched.count) sections were told by their footers alone, the first of "
          + "section \(searched[0].id) ('\(searched[0].name)')")
    }
    if hasTrailingData { findings.append("more bytes follow the stream, from \(byteCount) on") }
    return findings
  }
}
