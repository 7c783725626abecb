public import ByteIO

/// The content of a QEMU stream, except its memory and its state.
///
/// Its size follows the number of devices, never the amount of state.
public struct QEMUStreamCatalog: Sendable {
  /// The sections of one device, or of RAM.
  public struct Section: Sendable, Hashable {
    /// The number by which the stream knows the device.
    public let id: UInt32
    /// The name of the device, such as `0000:00:01.0/vfio`.
    public let name: String
    /// Tells devices of one name apart.
    public let instance: UInt32
    /// The version of the device's state.
    public let version: UInt32
    /// The offset of the type byte of its first section.
    public let offset: UInt64
    /// The number of sections of each kind.
    public internal(set) var counts: [QEMUSection.Kind: UInt64] = [:]
    /// The number of bytes between heads and footers.
    public internal(set) var byteCount: UInt64 = 0
    /// The evidence for the end of the last one.
    public internal(set) var evidence: QEMUSection.End.Evidence?
    var fullByteCount: UInt64?
    /// The offset of the content of its FULL section; nil without one.
    public internal(set) var fullBodyOffset: UInt64?

    /// Whether nothing but a search told where it ends.
    var isSearched: Bool { evidence == .footer || evidence == .next }

    /// The number of its sections.
    public var count: UInt64 { counts.values.reduce(0, &+) }
  }

  // More VFIO devices than a machine has, few enough that what is kept of each stays small.
  private static let deviceLimit = 256

  /// The machine; nil if the stream does not say.
  public private(set) var configuration: QEMUConfiguration?
  /// The devices, and RAM, in the order of their first sections.
  public private(set) var sections: [Section] = []
  /// The machine's memory, with the pages of multifd channels.
  public internal(set) var ram = RAMSummary()
  /// The VFIO devices, in the order of their first sections.
  public internal(set) var vfioDevices: [VFIODeviceSummary] = []
  /// How often each command came, by its name.
  public private(set) var commandCounts: [String: UInt64] = [:]
  /// Whether the stream has the end of the machine's state.
  public private(set) var isComplete = false
  /// The description at the end; nil without one that can be used.
  public private(set) var description: VMDescription?
  /// The size of a description that is too long to be used; nil without one.
  public private(set) var unusedDescriptionByteCount: Int?
  /// Whether something follows the stream in its file.
  public private(set) var hasTrailingData = false
  /// Whether the stream has neither a configuration nor footers, as machines up to 2.3 write it.
  public private(set) var isOld = false
  /// The number of bytes that were read or passed over.
  public private(set) var byteCount: UInt64 = 0
  /// Why the stream could not be read to its end, or cannot be trusted.
  public private(set) var defect: QEMUStreamError?

  private var indexByID: [UInt32: Int] = [:]
  private var deviceByID: [UInt32: Int] = [:]
  private var current: QEMUSection?
  /// The state that was announced and is not counted yet, and its offset.
  private var state: (byteCount: UInt64, offset: UInt64)?

  /// Reads a stream to its end, or to where it cannot be read on.
  ///
  /// Throws errors of the source and of `observe`; one of the stream becomes `defect`.
  ///
  /// - `isFramingKept`: whether the summary of a VFIO device, told by its number in `vfioDevices`
  ///   and its name, shall have its framing.
  /// - `observe`: is given every part of the stream.
  public init<Source: ByteSource & ~Copyable>(
    reading reader: inout QEMUStreamReader<Source>,
    framingOf isFramingKept: (_ number: Int, _ name: String) -> Bool = { _, _ in false },
    observing observe: (QEMUStreamEvent) throws(Source.Failure) -> Void = { _ in }
  ) throws(Source.Failure) {
    do throws(QEMUReadError<Source.Failure>) {
      while let event = try reader.next() {
        countState(before: reader.offset)
        do throws(QEMUStreamError) {
          try add(event, isFramingKept)
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
    isOld = reader.hasFooters == false
    byteCount = reader.offset
  }

  /// Counts the state that was announced, up to the offset that the reader has reached.
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

  private mutating func add(
    _ event: QEMUStreamEvent, _ isFramingKept: (Int, String) -> Bool
  ) throws(QEMUStreamError) {
    switch event {
    case .configuration(let value): configuration = value
    case .section(let section): try begin(section, isFramingKept)
    case .record(let record):
      guard let current, let device = deviceByID[current.id] else { return }
      vfioDevices[device].add(record)
    case .sectionEnd(let end): add(end)
    case .command(let command): commandCounts[command.name, default: 0] &+= 1
    case .end: isComplete = true
    case .description(let value):
      description = value
      checkSizes(by: value)
    }
  }

  private mutating func begin(
    _ section: QEMUSection, _ isFramingKept: (Int, String) -> Bool
  ) throws(QEMUStreamError) {
    current = section
    if indexByID[section.id] == nil {
      indexByID[section.id] = sections.count
      sections.append(
        Section(
          id: section.id, name: section.name, instance: section.instance,
          version: section.version, offset: section.offset))
    }
    guard section.isVFIO else { return }
    let number = deviceByID[section.id] ?? vfioDevices.count
    if number == vfioDevices.count {
      guard vfioDevices.count < Self.deviceLimit else {
        throw QEMUStreamError(
          .limitExceeded, at: section.offset, section: section.label,
          expected: "at most \(Self.deviceLimit) VFIO devices", found: "more")
      }
      deviceByID[section.id] = number
      vfioDevices.append(
        VFIODeviceSummary(section, hasFraming: isFramingKept(number, section.name)))
    }
    vfioDevices[number].add(.section(section.kind))
  }

  private mutating func add(_ end: QEMUSection.End) {
    current = nil
    if let device = deviceByID[end.section.id] {
      vfioDevices[device].sectionCounts[end.section.kind, default: 0] &+= 1
      vfioDevices[device].endOffset = end.section.bodyOffset + end.byteCount
    }
    guard let index = indexByID[end.section.id] else { return }
    sections[index].counts[end.section.kind, default: 0] &+= 1
    sections[index].byteCount &+= end.byteCount
    sections[index].evidence = end.evidence
    if end.section.kind == .full {
      sections[index].fullByteCount = end.byteCount
      sections[index].fullBodyOffset = end.section.bodyOffset
    }
  }

  /// Compares the sections whose end was searched for with the sizes in the description.
  private mutating func checkSizes(by description: VMDescription) {
    for index in sections.indices {
      let section = sections[index]
      guard let found = section.fullByteCount,
        let device = description.device(section.name, instance: section.instance)
      else { continue }
      if found == device.byteCount {
        if section.isSearched { sections[index].evidence = .description }
      } else if defect == nil {
        defect = QEMUStreamError(
          .misleadingDescription, at: section.offset,
          section: "\(section.id) (\(section.name))",
          expected: "\(device.byteCount) bytes, as the description at \(description.offset) says",
          found: "\(found) up to its \(section.evidence == .next ? "next section" : "footer")")
      }
    }
  }
}

extension QEMUStreamCatalog {
  /// Remarks about the stream as a whole, in sentences.
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
    if isOld {
      findings.append(
        "the stream has neither a configuration nor footers, as machines 2.3 and older write it")
    }
    let searched = sections.filter(\.isSearched)
    if let first = searched.first {
      findings.append(
        "the ends of \(searched.count) sections were told by "
          + (first.evidence == .next ? "the sections behind them" : "their footers")
          + " alone, the first of section \(first.id) ('\(first.name)')")
    }
    if hasTrailingData { findings.append("more bytes follow the stream, from \(byteCount) on") }
    return findings
  }
}
