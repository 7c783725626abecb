import ByteIO

/// Builds QEMU streams, for tests and measurements.
///
/// It writes parts in the order of the calls and checks nothing. Its description has one buffer for
/// each FULL section, as QEMU's has only for devices that it does not look into. It writes no
/// post-copy, no RDMA, and no subsections except the configuration's. No QEMU loads such a stream.
public struct QEMUStreamWriter: Sendable {
  /// The bytes that were written and not taken yet.
  public private(set) var bytes: [UInt8] = []
  private var takenByteCount: UInt64 = 0
  private var described: [(name: String, instance: UInt32, byteCount: Int)] = []

  private let hasFooters: Bool

  /// Begins a stream of the machine that `configuration` names; nil is one that writes neither a
  /// configuration nor footers, as machines up to 2.3 do.
  public init(_ configuration: QEMUConfiguration?) {
    var content = QEMUSectionContent()
    content.writer.big(QEMUPartType.magic)
    content.writer.big(QEMUPartType.version)
    hasFooters = configuration != nil
    guard let configuration else {
      bytes = content.writer.bytes
      return
    }
    content.writer.big(QEMUPartType.configuration.rawValue)
    content.writer.big(UInt32(configuration.machine.utf8.count))
    content.writer.append(Array(configuration.machine.utf8))
    if let bits = configuration.targetPageBits {
      content.subsection("configuration/target-page-bits")
      content.writer.big(bits)
    }
    if !configuration.capabilities.isEmpty {
      content.subsection("configuration/capabilities")
      content.writer.big(UInt32(configuration.capabilities.count))
      for name in configuration.capabilities { content.name(name) }
    }
    if let uuid = configuration.uuid {
      content.subsection("configuration/uuid")
      content.writer.append(uuid)
    }
    bytes = content.writer.bytes
  }

  /// The bytes written, those taken included.
  public var byteCount: UInt64 { takenByteCount + UInt64(bytes.count) }

  /// Gives the bytes that were written and forgets them, so that a large stream need not be held.
  public mutating func takeBytes() -> [UInt8] {
    defer {
      takenByteCount += UInt64(bytes.count)
      bytes.removeAll(keepingCapacity: true)
    }
    return bytes
  }

  /// Writes a section: `build` appends its content.
  public mutating func section(
    _ kind: QEMUSection.Kind, id: UInt32, name: String = "", instance: UInt32 = 0,
    version: UInt32 = 1, _ build: (inout QEMUSectionContent) -> Void
  ) {
    beginSection(kind, id: id, name: name, instance: instance, version: version)
    var content = QEMUSectionContent()
    build(&content)
    append(content)
    endSection(id: id)
    if kind == .full { described.append((name, instance, content.writer.count)) }
  }

  /// Writes a section's head; its content follows by `append`, its footer by `endSection`.
  public mutating func beginSection(
    _ kind: QEMUSection.Kind, id: UInt32, name: String = "", instance: UInt32 = 0,
    version: UInt32 = 1
  ) {
    var head = QEMUSectionContent()
    head.writer.big(kind.rawValue)
    head.writer.big(id)
    if kind == .start || kind == .full {
      head.name(name)
      head.writer.big(instance)
      head.writer.big(version)
    }
    append(head)
  }

  /// Writes a piece of a section's content.
  public mutating func append(_ content: QEMUSectionContent) { bytes += content.writer.bytes }

  /// Writes a section's footer, if the machine does.
  public mutating func endSection(id: UInt32) {
    guard hasFooters else { return }
    var writer = ByteWriter()
    writer.big(QEMUPartType.footer.rawValue)
    writer.big(id)
    bytes += writer.bytes
  }

  /// Writes a command with its data.
  public mutating func command(_ number: UInt16, _ data: [UInt8] = []) {
    var writer = ByteWriter()
    writer.big(QEMUPartType.command.rawValue)
    writer.big(number)
    writer.big(UInt16(data.count))
    writer.append(data)
    bytes += writer.bytes
  }

  /// Ends the stream; `description` is what it says of itself, nil for what its FULL sections are.
  public mutating func end(description: String? = nil) {
    endWithoutDescription()
    let json = Array((description ?? self.description).utf8)
    var writer = ByteWriter()
    writer.big(QEMUPartType.description.rawValue)
    writer.big(UInt32(json.count))
    writer.append(json)
    bytes += writer.bytes
  }

  /// Ends the stream as a machine does whose `suppress-vmdesc` is on.
  public mutating func endWithoutDescription() { bytes.append(QEMUPartType.end.rawValue) }

  private var description: String {
    let devices = described.map { device in
      #"{"name": "\#(device.name)", "instance_id": \#(device.instance), "#
        + #""size": \#(device.byteCount), "fields": [{"name": "data", "#
        + #""size": \#(device.byteCount), "type": "buffer"}]}"#
    }
    return #"{"page_size": 4096, "devices": [\#(devices.joined(separator: ", "))]}"#
  }
}

extension QEMUSectionContent {
  fileprivate mutating func subsection(_ name: String) {
    writer.little(5 as UInt8)
    self.name(name)
    writer.big(1 as UInt32)
  }
}
