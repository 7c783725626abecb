import ByteIO
public import MigrationStream
public import StateLayout
import StreamIO

extension CloudHypervisorSnapshot {
  // As many as a state is looked at for if it is short of time.
  private static let previewByteCount: UInt64 = 1 << 20
  private static let prefixByteCount = 16 << 10

  /// What the state of a device is, as far as a few reads tell; nil if nothing does, or there is
  /// none.
  public func preview(of device: Device) throws(InputError) -> StatePreview? {
    guard device.stateRange != nil else { return nil }
    let state = try state(of: device)
    var prefix = ByteBuffer()
    let isSmall = state.byteCount <= Self.previewByteCount
    do throws(StreamIOError) {
      let count = isSmall ? Int(state.byteCount) : Self.prefixByteCount
      try state.read(at: 0, count: count, into: &prefix)
    } catch {
      throw InputError(path, .file(error))
    }
    return StatePreview(
      prefix: [UInt8](prefix.bytes), byteCount: state.byteCount, driver: nil)
  }

  /// A device as the only one of a sequence of records, all of whose state was read while the
  /// machine stood still.
  ///
  /// - Parameters:
  ///   - device: which of the snapshot's.
  ///   - information: what the records say of themselves.
  ///   - limits: the sizes of records.
  public func records(
    of device: Device, information: StreamInformation, limits: StreamLimits
  ) throws(InputError) -> StateRecords {
    StateRecords(
      DeviceIntroduction(number: 0, identity: DeviceIdentity(name: device.id)),
      state: try state(of: device), information: information, limits: limits)
  }
}
