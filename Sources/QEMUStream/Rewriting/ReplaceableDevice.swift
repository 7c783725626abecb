/// A VFIO device of a QEMU stream that can be replaced, and how its sections are divided.
public struct ReplaceableDevice: Sendable {
  /// What the stream holds of the device.
  public let summary: VFIODeviceSummary
  /// Its one configuration record.
  public let configuration: VFIOConfiguration
  private let framing: QEMUFraming

  /// Throws `irreplaceable` unless the main channel has the device's state, exactly one
  /// configuration record of it, and no more records than `QEMUFraming` takes.
  ///
  /// - Parameter summary: must be of a catalog that was read with the framing of the device.
  public init(_ summary: VFIODeviceSummary) throws(QEMUStreamError) {
    guard let framing = summary.framing else {
      preconditionFailure("the catalog must be read with the framing of the device")
    }
    func irreplaceable(_ expected: String, _ found: String) -> QEMUStreamError {
      QEMUStreamError(
        .irreplaceable, at: summary.configurationOffset ?? 0, expected: expected, found: found)
    }
    guard !summary.expectsPackets, let configuration = summary.configuration else {
      throw irreplaceable(
        "the state and the configuration of \(summary.id) in the main channel",
        "them in no section of it")
    }
    let count = summary.recordCounts[.configuration] ?? 0
    guard count == 1 else {
      throw irreplaceable("one configuration record of \(summary.id)", "\(count)")
    }
    guard framing.bytes.count <= QEMUFraming.longestByteCount else {
      throw irreplaceable("fewer records of \(summary.id)", "more than can be kept")
    }
    self.summary = summary
    self.configuration = configuration
    self.framing = framing
  }

  /// Divides state of `preCopy` and `stopCopy` bytes over the sections that the stream has of the
  /// device, as `QEMUFraming.dividing` does.
  ///
  /// Throws `mismatch` at the end of the device's last section if the stream has no place for it.
  public func framing(
    preCopy: UInt64, stopCopy: UInt64, carried: QEMUFraming?
  ) throws(QEMUStreamError) -> QEMUFraming {
    try .dividing(
      preCopy: preCopy, stopCopy: stopCopy, carried: carried, own: framing,
      endingAt: summary.endOffset)
  }
}
