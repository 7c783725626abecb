import QEMUStream

/// Whose state a device's is, told by its bytes.
enum QEMUDeviceState {
  /// `mtty with two ports`; nil where no layout takes the bytes.
  static func layout(of device: VFIODeviceSummary) -> String? {
    nil
  }
}
