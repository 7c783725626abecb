private import ByteIO

extension TraceRecord {
  /// The call as strace would print it: `ioctl(5, VFIO_DEVICE_RESET) = 0`.
  public var text: String { "\(summary) = \(outcome)" }

  /// The call without its outcome.
  var summary: String {
    var parts: [String] = []
    if let descriptor { parts.append("\(descriptor)") }
    if let path { parts.append("\"\(path)\"") }
    if let access { parts.append(access.rawValue) }
    if let request { parts.append("\(request)") }
    if !arguments.isEmpty { parts.append(Self.text(arguments)) }
    if call == .write || call == .pwrite { parts.append(dataText(data ?? [], of: byteCount ?? 0)) }
    if let byteCount { parts.append("\(byteCount)") }
    if let offset { parts.append("0x\(hex(offset))") }
    return "\(call.rawValue)(\(parts.joined(separator: ", ")))"
  }

  private var outcome: String {
    if let error { return "-1 \(error)" }
    var text = "\(result)"
    // Of a structure that the kernel changed, what it changed.
    let changed = results.filter { !arguments.contains($0) }
    if !changed.isEmpty { text += " " + Self.text(changed) }
    if call == .read || call == .pread, result > 0 {
      text += " " + dataText(data ?? [], of: Int(clamping: result))
    }
    if let names { text += " " + names.map { "\"\($0)\"" }.joined(separator: ", ") }
    return text
  }

  private static func text(_ fields: [TraceField]) -> String {
    "{" + fields.map { "\($0.name)=\($0.value)" }.joined(separator: ", ") + "}"
  }

  private func dataText(_ data: [UInt8], of count: Int) -> String {
    let shown = data.prefix(32)
    return "<" + hex(shown) + (shown.count < count ? "..." : "") + ">"
  }
}
