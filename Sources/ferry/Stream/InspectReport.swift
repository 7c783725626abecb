import MigrationStream
import StateLayout
import StreamIO

/// What `ferry inspect --json` prints; the shape is `schemas/inspect.schema.json`.
struct InspectReport: Encodable {
  struct Format: Encodable {
    var major: UInt16
    var minor: UInt16

    init(_ header: StreamHeader) {
      major = header.version.major
      minor = header.version.minor
    }
  }

  struct Device: Encodable {
    var index: Int
    var name: String?
    var driver: String?
    var vendorID: UInt16?
    var deviceID: UInt16?
    var stateBytes: UInt64
    var storedBytes: UInt64
    var chunks: UInt64
    var precopyBytes: UInt64
    var configBytes: Int
    var pasidBindings: Int
    var profile: String?
    var digest: String?
    /// Absent where none is named.
    var dictionary: String?
    var content: Content?
    var missing: Missing?

    private enum CodingKeys: CodingKey {
      case index, name, driver, vendorID, deviceID, stateBytes, storedBytes, chunks, precopyBytes
      case configBytes, pasidBindings, profile, digest, dictionary, content, missing
    }

    // Absent values are null, so that the keys are always the same; but `dictionary` belongs to streams with the feature, and `missing` to salvage.
    func encode(to encoder: any Encoder) throws {
      var values = encoder.container(keyedBy: CodingKeys.self)
      try values.encode(index, forKey: .index)
      try values.encode(name, forKey: .name)
      try values.encode(driver, forKey: .driver)
      try values.encode(vendorID, forKey: .vendorID)
      try values.encode(deviceID, forKey: .deviceID)
      try values.encode(stateBytes, forKey: .stateBytes)
      try values.encode(storedBytes, forKey: .storedBytes)
      try values.encode(chunks, forKey: .chunks)
      try values.encode(precopyBytes, forKey: .precopyBytes)
      try values.encode(configBytes, forKey: .configBytes)
      try values.encode(pasidBindings, forKey: .pasidBindings)
      try values.encode(profile, forKey: .profile)
      try values.encode(digest, forKey: .digest)
      try values.encodeIfPresent(dictionary, forKey: .dictionary)
      try values.encode(content, forKey: .content)
      try values.encodeIfPresent(missing, forKey: .missing)
    }
  }

  /// What a device's state is.
  struct Content: Encodable {
    var layout: String
    var certainty: String
    /// Absent where that takes reading more of the state.
    var complete: Bool?
    var sound: Bool?

    init(_ glance: StateGlance) {
      layout = glance.layout.name
      certainty = "\(glance.certainty)"
      complete = glance.isComplete
      sound = glance.isSound
    }
  }

  struct Missing: Encodable {
    struct Range: Encodable {
      var offset: UInt64
      var length: UInt64
    }
    var identity: Bool
    var ranges: [Range]
    var rangeCount: UInt64
    var byteCount: UInt64
    /// Where the state goes on for a length that nothing tells; absent where its end is known.
    var from: UInt64?

    init(_ loss: SalvageReport.Loss) {
      identity = loss.isIdentityLost
      ranges = loss.missing.ranges.map { Range(offset: $0.lowerBound, length: $0.byteCount) }
      rangeCount = loss.missing.count
      byteCount = loss.missing.byteCount
      from = loss.missingFrom
    }
  }

  var format: Format
  var uuid: String
  /// Absent where the stream has none.
  var windowBytes: UInt64?
  var complete: Bool
  var source: String
  var rawBytes: UInt64
  var storedBytes: UInt64
  var devices: [Device]
  var unknownRecords: Int
  var error: VerifyReport.Defect?

  init(
    _ catalog: StreamCatalog, glances: [StateGlance?] = [], losses: [SalvageReport.Loss]? = nil
  ) {
    format = Format(catalog.header)
    uuid = "\(catalog.header.uuid)"
    let window = catalog.header.limits.windowByteCount
    windowBytes = window > 0 ? window : nil
    complete = catalog.isComplete
    source = catalog.origin.rawValue
    rawBytes = catalog.stateByteCount
    storedBytes = catalog.storedByteCount
    devices = catalog.devices.enumerated().map { Device(index: $0, $1) }
    unknownRecords = catalog.unknownRecordCount
    error = catalog.defect.map(VerifyReport.Defect.init)
    for (index, glance) in glances.enumerated() where index < devices.count {
      devices[index].content = glance.map(Content.init)
    }
    for (index, loss) in (losses ?? []).enumerated() where index < devices.count {
      devices[index].missing = loss.isEmpty ? nil : Missing(loss)
    }
  }
}

extension InspectReport.Device {
  fileprivate init(index: Int, _ device: StreamCatalog.Device) {
    self.index = index
    name = device.identity.name
    driver = device.identity.driver
    vendorID = device.identity.pci?.vendorID
    deviceID = device.identity.pci?.deviceID
    stateBytes = device.state.byteCount
    storedBytes = device.state.storedByteCount
    chunks = device.state.chunkCount
    precopyBytes = device.state.preCopyByteCount
    configBytes =
      device.configuration.map { $0.physicalByteCount ?? $0.synthesizedByteCount ?? 0 } ?? 0
    pasidBindings = device.pasids?.bindingCount ?? 0
    profile = device.configuration?.profileName
    digest = device.summary?.digest.map { "\($0)" }
    dictionary = device.identity.dictionary.map { "\($0)" }
  }
}
