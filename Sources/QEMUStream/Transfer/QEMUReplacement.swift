import ByteIO

/// What stands in a QEMU stream in place of a device: the content of its sections, one after the other.
public struct QEMUReplacement: Sendable {
  private var events: QEMUFraming.Events
  private let configuration: VFIOConfiguration

  /// - Parameters:
  ///   - framing: which records each section has; the sections are those of the stream.
  ///   - configuration: the configuration record.
  public init(framing: QEMUFraming, configuration: VFIOConfiguration) {
    events = framing.events
    self.configuration = configuration
  }

  /// Writes the content of the device's next section, and returns its length.
  ///
  /// - Parameters:
  ///   - write: takes the bytes of the records.
  ///   - copyState: is to write so many of the next bytes of the state itself.
  public mutating func writeSection(
    to write: (RawSpan) throws -> Void, copyState: (UInt64) throws -> Void
  ) throws -> UInt64 {
    var count: UInt64 = 0
    while let event = try events.next() {
      guard case .record(let kind, let byteCount) = event else { continue }
      var writer = ByteWriter()
      writer.big(kind.tag)
      switch kind {
      case .data: writer.big(byteCount)
      case .configuration: configuration.encode(into: &writer)
      default: break
      }
      try write(writer.bytes.span.raw)
      if kind == .data { try copyState(byteCount) }
      count += UInt64(writer.count) + byteCount
      if kind.endsSection { break }
    }
    return count
  }
}

extension VMDescription {
  /// The JSON with the size of a device's section changed, in `json`, which is its own bytes.
  ///
  /// Throws `mismatch` where the size changes, and the description says it otherwise than as a number of its own.
  public func resizing(
    _ name: String, instance: UInt32, to byteCount: UInt64, in json: [UInt8]
  ) throws(QEMUStreamError) -> [UInt8] {
    guard let device = device(name, instance: instance), device.byteCount != byteCount else {
      return json
    }
    guard !device.sizeDigits.isEmpty else {
      throw QEMUStreamError(
        .mismatch, at: offset, section: name,
        expected: "a description of the device's state as one buffer", found: "another")
    }
    var result: [UInt8] = []
    var position = 0
    for digits in device.sizeDigits.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      result += json[position..<digits.lowerBound]
      result += Array("\(byteCount)".utf8)
      position = digits.upperBound
    }
    return result + json[position...]
  }
}
