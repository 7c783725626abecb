import ByteIO

/// What stands in a QEMU stream in place of a device: the content of its sections, in order.
public struct QEMUReplacement: Sendable {
  let device: ReplaceableDevice
  private var events: QEMUFraming.Events
  private let configuration: VFIOConfiguration

  /// - Parameters:
  ///   - device: the device that is replaced.
  ///   - framing: which records each section has, of `ReplaceableDevice.framing`.
  ///   - configuration: the new configuration record.
  public init(
    of device: ReplaceableDevice, framing: QEMUFraming, configuration: VFIOConfiguration
  ) {
    self.device = device
    events = framing.events
    self.configuration = configuration
  }

  /// The next record of the section: its bytes, and how many bytes of state follow them.
  mutating func next() throws(QEMUStreamError) -> (
    kind: VFIORecord.Kind, bytes: [UInt8], stateByteCount: UInt64
  ) {
    while let event = try nextEvent() {
      guard case .record(let kind, let byteCount) = event else { continue }
      var writer = ByteWriter()
      writer.big(kind.tag)
      switch kind {
      case .data: writer.big(byteCount)
      case .configuration: configuration.encode(into: &writer)
      default: break
      }
      return (kind, writer.bytes, byteCount)
    }
    throw mismatch("a framing with the sections of the stream", "fewer sections")
  }

  private mutating func nextEvent() throws(QEMUStreamError) -> QEMUFraming.Event? {
    do throws(ByteError) {
      return try events.next()
    } catch {
      throw mismatch("the events of a framing", "other bytes at \(error.offset)")
    }
  }

  func mismatch(_ expected: String, _ found: String) -> QEMUStreamError {
    QEMUStreamError(
      .mismatch, at: device.summary.endOffset, section: device.summary.id, expected: expected,
      found: found)
  }
}
