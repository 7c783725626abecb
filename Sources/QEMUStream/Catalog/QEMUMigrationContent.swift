/// What was read of a migration: its main channel and, if state went over them, its multifd
/// channels.
public struct QEMUMigrationContent: Sendable {
  /// What the main channel holds, with what the others have of its devices.
  public internal(set) var catalog: QEMUStreamCatalog
  /// The multifd packets of each device of the catalog; nil for one that has none.
  public internal(set) var packets: [DeviceStatePackets.Sequence?]
  /// The first reason why a file could not be read to its end, or the files do not fit together.
  public private(set) var defect: (path: String, error: QEMUStreamError)?

  init(_ catalog: QEMUStreamCatalog, in path: String) {
    self.catalog = catalog
    packets = catalog.vfioDevices.map { _ in nil }
    defect = catalog.defect.map { (path, $0) }
  }

  mutating func add(_ error: QEMUStreamError, in path: String) {
    defect = defect ?? (path, error)
  }

  /// Whether all of a device is there, whatever is wrong with the rest.
  public func isWhole(_ number: Int) -> Bool {
    let device = catalog.vfioDevices[number]
    return device.configuration != nil && device.sectionCounts[.end] != nil
  }
}
