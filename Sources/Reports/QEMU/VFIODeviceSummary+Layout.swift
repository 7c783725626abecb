import QEMUStream
import StateLayout

extension VFIODeviceSummary {
  /// Whose state the device's is, told by its first bytes: `mtty with 2 ports, complete`; nil if no
  /// layout takes them.
  var layoutText: String? {
    let preview = StatePreview(prefix: statePrefix, byteCount: stateByteCount, driver: nil)
    guard let preview else { return nil }
    guard UInt64(statePrefix.count) == stateByteCount else { return preview.text }
    let lists = preview.layout.dissect(statePrefix).root.fields.compactMap { field in
      if case .list(let items) = field.content { "\(items.count) \(field.name)" } else { nil }
    }
    guard !lists.isEmpty else { return preview.text }
    return "\(preview.layout.name) with \(lists.joined(separator: ", "))"
      + preview.text.dropFirst(preview.layout.name.count)
  }
}
