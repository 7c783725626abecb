import ByteIO
import MigrationStream
import StateLayout
import StateTranslation
import StreamIO

/// Devices of a stream in another layout, and the stream with them.
struct StreamTranslation {
  private let path: String
  private let state: ArchivedState
  private let records: RecordTranslation
  private(set) var devices: [Device] = []

  /// One device of the stream.
  struct Device {
    let number: UInt16
    var identity: DeviceIdentity
    var configuration: ConfigurationRecord?
    /// Nil for a device that goes on as it is.
    var translated: TranslatedState?
  }

  init(_ file: consuming InputFile, named path: String, records: RecordTranslation) throws {
    self.path = path
    self.records = records
    state = try ArchivedState(StreamArchive(file, limits: .randomAccess))
    if let defect = catalog.defect { throw StreamIOError(path, .stream(defect)) }
  }

  /// Translates the device that is meant, or all of them.
  mutating func translate(
    _ selector: DeviceSelector?, from chosen: Layout?, to wanted: Layout, by translator: Translator
  ) throws {
    let selected = try selector.map { selector in
      try selector.number(among: catalog.devices.map(\.identity.name), in: path)
    }
    for (number, device) in zip((0 as UInt16)..., catalog.devices) {
      var result = Device(number: number, identity: device.identity)
      if case .identity(let identity, _)? = try record(.deviceIdentity, of: device) {
        result.identity = identity
      }
      if case .configuration(let record, _)? = try record(.configurationSpace, of: device) {
        result.configuration = record
      }
      if selected == nil || selected == number {
        try translate(&result, device.state.byteCount, from: chosen, to: wanted, by: translator)
      }
      devices.append(result)
    }
  }

  private func translate(
    _ device: inout Device, _ byteCount: UInt64, from chosen: Layout?, to wanted: Layout,
    by translator: Translator
  ) throws {
    var translator = translator
    translator.source.fill(from: DeviceFacts(device.identity))
    var translated = try TranslatedState(
      DeviceState(state: state, device: device.number, byteCount: byteCount),
      driver: device.identity.driver, name: "\(path)#\(device.number)", from: chosen, to: wanted,
      by: translator)
    // A state that cannot have the layout at all is not on its way to another device.
    if !translated.outcome.report.refusals.contains(where: { $0.field == "layout" }) {
      device.identity = records.identity(
        device.identity, layout: wanted, &translated.outcome.report)
      device.configuration = records.configuration(
        device.configuration, &translated.outcome.report)
    }
    device.translated = translated
  }

  private func record(
    _ type: RecordType, of device: StreamCatalog.Device
  ) throws -> Record? {
    try device.recordOffsets[type].map { try state.archive.record(at: $0) }
  }

  private var catalog: StreamCatalog { state.catalog }

  // MARK: Writing

  /// What the chunks of devices that are copied keep to.
  var limits: StreamLimits { state.archive.header.limits }

  /// Writes the stream with the translated devices in place of the old ones; interrupts and PASIDs are the guest's, and stay.
  func write(_ output: consuming StreamWriter) throws {
    var writer = output
    try writer.write(.information(try .current()))
    for (device, old) in zip(devices, catalog.devices) {
      try writer.write(.identity(device.identity, device: device.number))
      if let configuration = device.configuration {
        try writer.write(.configuration(configuration, device: device.number))
      }
      for type in [.interruptState, .pasidTable] as [RecordType] {
        if let record = try record(type, of: old) { try writer.write(record) }
      }
    }
    let progress = Progress("translated", total: nil)
    for device in devices {
      if let translated = device.translated {
        try write(translated, of: device.number, into: &writer, progress)
      } else {
        try copyState(of: device.number, into: &writer)
      }
    }
    try writer.finish()
  }

  /// The translated state was read from no device, so it has no rounds of pre-copy: all of it is stop-copy.
  private func write(
    _ translated: TranslatedState, of device: UInt16, into writer: inout StreamWriter,
    _ progress: Progress
  ) throws {
    let limit = Int(writer.header.limits.chunkByteCount)
    let context = StateChunk.Context(phase: .stopCopy)
    var chunk = ByteBuffer(capacity: limit)
    var total: UInt64 = 0
    try translated.send { (span) throws(StreamIOError) in
      var rest = span
      while rest.byteCount > 0 {
        let part = min(rest.byteCount, limit - chunk.count)
        chunk.append(rest.extracting(first: part))
        rest = rest.extracting(droppingFirst: part)
        guard chunk.count == limit else { continue }
        try writer.write(chunk.bytes, device: device, context: context)
        chunk.removeAll()
        total += UInt64(limit)
        progress.update(total)
      }
    }
    if chunk.count > 0 { try writer.write(chunk.bytes, device: device, context: context) }
  }

  private func copyState(of device: UInt16, into writer: inout StreamWriter) throws {
    try state.forEachChunk(of: device) { (chunk, bytes) throws(StreamIOError) in
      try writer.write(bytes.span.raw, device: device, context: chunk.context)
    }
  }
}

extension DeviceFacts {
  /// Takes from `other` what is not known.
  fileprivate mutating func fill(from other: DeviceFacts) {
    driver = driver ?? other.driver
    pci = pci ?? other.pci
  }
}
