import QEMUStream
import StateLayout

/// Whose state a device's is, told by its bytes.
enum QEMUDeviceState {
  /// `mtty with 2 ports, complete`; nil where no layout takes the bytes.
  static func layout(of device: VFIODeviceSummary) -> String? {
    guard
      let glance = StateGlance(
        device.statePrefix, byteCount: device.stateByteCount, driver: nil)
    else { return nil }
    guard UInt64(device.statePrefix.count) == device.stateByteCount else { return glance.text }
    let lists = glance.layout.dissect(device.statePrefix).root.fields.compactMap { field in
      if case .list(let items) = field.content { "\(items.count) \(field.name)" } else { nil }
    }
    guard !lists.isEmpty else { return glance.text }
    return "\(glance.layout.name) with \(lists.joined(separator: ", "))"
      + glance.text.dropFirst(glance.layout.name.count)
  }
}
