/// The content of a stream about a VFIO device, except its state.
public struct VFIODeviceSummary: Sendable {
  /// The number of bytes kept of the front of the state, by which its layout can be told.
  public static let longestPrefix = 16 << 10

  /// The name of the device's sections, such as `0000:00:01.0/vfio`.
  public let id: String
  /// Tells devices of one name apart.
  public let instance: UInt32
  /// The number by which the stream knows the device.
  public let sectionID: UInt32
  /// The number of records of each kind in the main channel.
  public internal(set) var recordCounts: [VFIORecord.Kind: UInt64] = [:]
  /// The number of sections of each kind that are whole.
  public internal(set) var sectionCounts: [QEMUSection.Kind: UInt64] = [:]
  /// The bytes of state that were sent while the machine ran.
  public internal(set) var preCopyByteCount: UInt64 = 0
  /// The bytes of state that were sent while it stood still.
  public internal(set) var stopCopyByteCount: UInt64 = 0
  /// The first bytes of the state, at most `longestPrefix`.
  public internal(set) var statePrefix: [UInt8] = []
  /// The last configuration record; nil without one.
  public internal(set) var configuration: VFIOConfiguration?
  /// The offset of the configuration record's tag; nil if it came over a multifd channel.
  public internal(set) var configurationOffset: UInt64?
  /// The number of multifd packets of the device; nil if it has none.
  public internal(set) var packetCount: UInt64?
  /// How the main channel divides the device's state; nil unless the catalog was asked for it.
  ///
  /// A little more than `QEMUFraming.longestByteCount` if the device has more records.
  public private(set) var framing: QEMUFraming?
  /// The offset behind the content of the device's last section.
  public internal(set) var endOffset: UInt64 = 0

  init(_ section: QEMUSection, hasFraming: Bool) {
    framing = hasFraming ? QEMUFraming() : nil
    id = section.name
    instance = section.instance
    sectionID = section.id
  }

  /// The bytes of state that the stream holds.
  public var stateByteCount: UInt64 { preCopyByteCount + stopCopyByteCount }
  /// The number of records in the main channel and of packets in the others.
  public var recordCount: UInt64 {
    recordCounts.values.reduce(packetCount ?? 0) { $0 &+ $1 }
  }

  /// Whether the device's last sections are empty, because the state went over other channels.
  public var expectsPackets: Bool {
    packetCount == nil && configuration == nil && sectionCounts[.end] != nil
      && sectionCounts[.full] != nil && stopCopyByteCount == 0
  }

  mutating func add(_ event: QEMUFraming.Event) {
    guard let count = framing?.bytes.count, count <= QEMUFraming.longestByteCount else { return }
    framing?.append(event)
  }

  mutating func add(_ record: VFIORecord) {
    recordCounts[record.kind, default: 0] &+= 1
    let byteCount = if case .data(let count) = record.content { count } else { 0 as UInt64 }
    add(.record(record.kind, byteCount: byteCount))
    guard case .configuration(let value) = record.content else { return }
    configuration = value
    configurationOffset = record.offset
  }

  /// Counts state that was read in `section`.
  mutating func addState(_ byteCount: UInt64, in section: QEMUSection) {
    if section.kind == .end || section.kind == .full {
      stopCopyByteCount += byteCount
    } else {
      preCopyByteCount += byteCount
    }
  }
}

extension VFIODeviceSummary {
  /// Remarks about the device, in sentences.
  public var findings: [String] {
    var findings: [String] = []
    if expectsPackets {
      findings.append(
        "stop-copy state and configuration are not in this file: they went over multifd channels, "
          + "whose files have to be given as well")
    }
    if let packetCount, packetCount > 0, configuration == nil {
      findings.append("the multifd packets hold no configuration record")
    }
    if sectionCounts[.end] == nil { findings.append("the state has no end") }
    if packetCount == nil, !expectsPackets, configuration == nil {
      findings.append("there is no configuration record")
    }
    let configurationCount = recordCounts[.configuration] ?? 0
    if configurationCount > 1 {
      findings.append(
        "there are \(configurationCount) configuration records, of which the last is shown")
    }
    if let configuration {
      if configuration.isSizeAmbiguous {
        findings.append(
          "the configuration record fits a space of 256 bytes as well as one of "
            + "\(configuration.space.count)")
      }
      findings += configuration.subsectionNames.map { "the configuration record has '\($0)'" }
    }
    return findings
  }
}
