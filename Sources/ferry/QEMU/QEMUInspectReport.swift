import PCIConfig
import QEMUStream
import Reports

/// What `ferry qemu inspect --json` prints; the shape is `schemas/qemu-inspect.schema.json`.
struct QEMUInspectReport: Encodable {
  struct Pages: Encodable {
    var normal: UInt64
    var zero: UInt64
    var delta: UInt64
    var compressed: UInt64

    init(_ pages: RAMBlock.Pages) {
      normal = pages.normal
      zero = pages.zero
      delta = pages.delta
      compressed = pages.compressed
    }
  }

  struct Block: Encodable {
    var name: String
    var bytes: UInt64
    var pages: Pages
    /// Where a block of mapped RAM lies in the file; else absent.
    var pagesOffset: UInt64?
  }

  struct Memory: Encodable {
    var bytes: UInt64
    var pages: Pages
    var multifdFlushes: UInt64
    var blocks: [Block]
  }

  struct Section: Encodable {
    var id: UInt32
    var name: String
    var instance: UInt32
    var version: UInt32
    var offset: UInt64
    var bytes: UInt64
    var pieces: UInt64
    var endKnownBy: String?
  }

  struct Interrupts: Encodable {
    var assertedPins: UInt8
    var msixVectors: Int
  }

  struct Device: Encodable {
    var id: String
    var instance: UInt32
    var section: UInt32
    var stateBytes: UInt64
    var precopyBytes: UInt64
    var stopcopyBytes: UInt64
    var configBytes: Int
    var records: UInt64
    var recordCounts: [String: UInt64]
    var multifdPackets: UInt64
    var layout: String?
    var interrupts: Interrupts?
    var configuration: JSONValue?
    var findings: [String]

    private enum CodingKeys: CodingKey {
      case id, instance, section, stateBytes, precopyBytes, stopcopyBytes, configBytes, records
      case recordCounts, multifdPackets, layout, interrupts, configuration, findings
    }

    // Absent values are null, so that the keys are always the same.
    func encode(to encoder: any Encoder) throws {
      var values = encoder.container(keyedBy: CodingKeys.self)
      try values.encode(id, forKey: .id)
      try values.encode(instance, forKey: .instance)
      try values.encode(section, forKey: .section)
      try values.encode(stateBytes, forKey: .stateBytes)
      try values.encode(precopyBytes, forKey: .precopyBytes)
      try values.encode(stopcopyBytes, forKey: .stopcopyBytes)
      try values.encode(configBytes, forKey: .configBytes)
      try values.encode(records, forKey: .records)
      try values.encode(recordCounts, forKey: .recordCounts)
      try values.encode(multifdPackets, forKey: .multifdPackets)
      try values.encode(layout, forKey: .layout)
      try values.encode(interrupts, forKey: .interrupts)
      try values.encode(configuration, forKey: .configuration)
      try values.encode(findings, forKey: .findings)
    }
  }

  struct Failure: Encodable {
    var file: String
    var offset: UInt64
    var section: String?
    var expected: String
    var found: String
  }

  var machine: String?
  var pageBytes: Int
  var capabilities: [String]
  var bytes: UInt64
  var complete: Bool
  var described: Bool
  var memory: Memory
  var sections: [Section]
  var commands: [String: UInt64]
  var vfioDevices: [Device]
  var findings: [String]
  var error: Failure?

  init(_ content: QEMUMigrationContent) {
    let catalog = content.catalog
    machine = catalog.configuration?.machine
    pageBytes = 1 << (catalog.configuration?.pageBits ?? 12)
    capabilities = catalog.configuration?.capabilities ?? []
    bytes = catalog.byteCount
    complete = catalog.isComplete
    described = catalog.description != nil
    memory = Memory(
      bytes: catalog.ram.byteCount, pages: Pages(catalog.ram.pages),
      multifdFlushes: catalog.ram.multifdFlushCount,
      blocks: catalog.ram.blocks.map {
        Block(
          name: $0.name, bytes: $0.byteCount, pages: Pages($0.pages),
          pagesOffset: $0.mapping?.pagesOffset)
      })
    sections = catalog.sections.map {
      Section(
        id: $0.id, name: $0.name, instance: $0.instance, version: $0.version, offset: $0.offset,
        bytes: $0.byteCount, pieces: $0.count, endKnownBy: $0.evidence?.rawValue)
    }
    commands = catalog.commandCounts
    vfioDevices = catalog.vfioDevices.map(Device.init)
    findings = catalog.findings
    error = content.defect.map {
      Failure(
        file: $0.path, offset: $0.error.offset, section: $0.error.section,
        expected: $0.error.expected, found: $0.error.found)
    }
  }
}

extension QEMUInspectReport.Device {
  fileprivate init(_ device: VFIODeviceSummary) {
    id = device.id
    instance = device.instance
    section = device.sectionID
    stateBytes = device.stateByteCount
    precopyBytes = device.preCopyByteCount
    stopcopyBytes = device.stopCopyByteCount
    configBytes = device.configuration?.space.count ?? 0
    records = device.recordCount
    recordCounts = Dictionary(
      device.recordCounts.map { ("\($0.key)", $0.value) }, uniquingKeysWith: { $0 &+ $1 })
    multifdPackets = device.packetCount ?? 0
    layout = QEMUDeviceState.layout(of: device)
    interrupts = device.configuration.map {
      QEMUInspectReport.Interrupts(
        assertedPins: $0.assertedPins, msixVectors: $0.vectorCount)
    }
    configuration = device.configuration.flatMap { configuration in
      guard let space = try? ConfigSpace(configuration.space) else { return nil }
      let dumped = DumpedDevice(
        address: PCIAddress(device.id.prefix { $0 != "/" }), title: "", line: nil, space: space)
      return ConfigSpaceReport(dumped).json
    }
    findings = device.findings
  }
}
