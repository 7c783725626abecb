import MigrationStream
public import StateLayout
public import StreamIO

extension ArchivedState {
  /// What the state of each device is, by its number, as far as `chunkLimit` chunks of it tell; nil
  /// if nothing does.
  public func previews(chunkLimit: UInt64 = 4) -> [StatePreview?] {
    catalog.devices.enumerated().map { number, device in
      StatePreview(
        DeviceState(
          state: self, device: UInt16(number), byteCount: device.state.byteCount,
          chunkLimit: decodedChunkCount + chunkLimit),
        driver: device.identity.driver)
    }
  }
}
