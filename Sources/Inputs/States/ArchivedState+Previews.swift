import ByteIO
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
          of: UInt16(number), in: self, chunkLimit: decodedChunkCount + chunkLimit),
        driver: device.identity.driver)
    }
  }

  /// The layouts of each device's driver, by its number, if its state shows none of them, as far as
  /// `chunkLimit` chunks of it tell; else none.
  public func unshownLayouts(chunkLimit: UInt64 = 4) -> [[Layout]] {
    catalog.devices.enumerated().map { number, device in
      let driver = device.identity.driver
      // Nothing is read for what cannot be.
      guard Layout.shipped(of: driver).count > 1 else { return [] }
      let state = DeviceState(
        of: UInt16(number), in: self, chunkLimit: decodedChunkCount + chunkLimit)
      var prefix = ByteBuffer()
      let count = Int(min(state.byteCount, Layout.prefixByteCount))
      guard (try? state.read(at: 0, count: count, into: &prefix)) != nil else { return [] }
      return Layout.unshown(
        prefix: [UInt8](prefix.bytes), byteCount: state.byteCount, driver: driver)
    }
  }
}
