/// What was read of a migration: its main channel and, if state went over them, its multifd channels.
public struct QEMUMigrationContent: Sendable {
  /// What the main channel holds, with what the others have of its devices.
  public var catalog: QEMUStreamCatalog
  /// The multifd packets of each device of the catalog; nil for one that has none.
  public var packets: [DeviceStatePackets.Sequence?]
  /// Why a file could not be read to its end, or the files do not fit together.
  public var defect: (path: String, error: QEMUStreamError)?

  /// A migration of which only the main channel was read, in the file at `path`.
  public init(_ catalog: QEMUStreamCatalog, in path: String) {
    self.catalog = catalog
    packets = catalog.vfioDevices.map { _ in nil }
    defect = catalog.defect.map { (path, $0) }
  }
}
