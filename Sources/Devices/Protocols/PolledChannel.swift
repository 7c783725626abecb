/// A data channel that can be asked whether a read would wait.
public protocol PolledChannel: MigrationChannel {
  /// Whether there is something to read now, or the end of the state.
  ///
  /// The corresponding C function is `poll`, for POLLIN.
  func isReadable() throws(DeviceError) -> Bool
}
