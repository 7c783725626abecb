/// What a stream holds of a VFIO device.
public struct VFIODeviceSummary: Sendable {
  /// How much of the front of the state is kept, to tell by it whose state it is.
  public static let longestPrefix = 16 << 10

  /// The name of the device's sections, such as `0000:00:01.0/vfio`.
  public let id: String
  public let instance: UInt32
  /// The number by which the stream knows the device.
  public let sectionID: UInt32
  /// How many records of each kind came in the main channel.
  public internal(set) var recordCounts: [VFIORecord.Kind: UInt64] = [:]
  /// How many sections of each kind came to their ends.
  public internal(set) var sectionCounts: [QEMUSection.Kind: UInt64] = [:]
  /// State sent while the machine ran.
  public internal(set) var preCopyByteCount: UInt64 = 0
  /// State sent while it stood still.
  public internal(set) var stopCopyByteCount: UInt64 = 0
  /// The first bytes of the state.
  public internal(set) var statePrefix: [UInt8] = []
  public internal(set) var configuration: VFIOConfiguration?
  /// Where the configuration record's tag stands; nil where it came over a multifd channel.
  public internal(set) var configurationOffset: UInt64?
  /// The multifd packets of the device; nil where there are none.
  public internal(set) var packetCount: UInt64?

  init(_ section: QEMUSection) {
    id = section.name
    instance = section.instance
    sectionID = section.id
  }

  /// The bytes of state that are there.
  public var stateByteCount: UInt64 { preCopyByteCount + stopCopyByteCount }
  /// The records of the main channel, and the packets of the others.
  public var recordCount: UInt64 {
    recordCounts.values.reduce(packetCount ?? 0) { $0 &+ $1 }
  }

  /// Whether the device's last section and its configuration came without anything between the ends: the state went over
  /// other channels.
  public var expectsPackets: Bool {
    packetCount == nil && configuration == nil && sectionCounts[.end] != nil
      && sectionCounts[.full] != nil && stopCopyByteCount == 0
  }

  mutating func note(_ record: VFIORecord) {
    recordCounts[record.kind, default: 0] &+= 1
    guard case .configuration(let value) = record.content else { return }
    configuration = value
    configurationOffset = record.offset
  }

  /// Counts state that was read.
  mutating func addState(_ byteCount: UInt64, in section: QEMUSection) {
    if section.kind == .end || section.kind == .full {
      stopCopyByteCount += byteCount
    } else {
      preCopyByteCount += byteCount
    }
  }
}

extension VFIODeviceSummary {
  /// What is remarkable about the device, in sentences.
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
