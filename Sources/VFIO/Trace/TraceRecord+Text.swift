private import ByteIO

extension TraceRecord {
  /// The call as strace would print it: `ioctl(5, VFIO_DEVICE_RESET) = 0`; a message as
  /// `client 7 REGION_READ({offset=0, region=7, count=4}) = 20 <86801215>`.
  public var text: String { "\(summary) = \(outcome)" }

  /// The call without its outcome.
  var summary: String {
    if let message { return summary(of: message) }
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

  private func summary(of message: Message) -> String {
    var parts = arguments.isEmpty ? [] : [Self.text(arguments)]
    if let data, message.carriesData { parts.append(dataText(data, of: data.count)) }
    if message.descriptorCount > 0 { parts.append(Self.descriptors(message.descriptorCount)) }
    let call = "\(message.name)(\(parts.joined(separator: ", ")))"
    return "\(message.sender.rawValue) \(message.number) \(call)"
  }

  private static func descriptors(_ count: Int) -> String {
    count == 1 ? "1 descriptor" : "\(count) descriptors"
  }

  private var outcome: String {
    if message?.isAnswered == false { return "?" }
    if let error { return "-1 \(error)" }
    var text = "\(result)"
    // Of a structure that the kernel changed, what it changed.
    let changed = results.filter { !arguments.contains($0) }
    if !changed.isEmpty { text += " " + Self.text(changed) }
    if let message {
      if let data, !message.carriesData { text += " " + dataText(data, of: data.count) }
      let count = message.replyDescriptorCount
      if count > 0 { text += ", " + Self.descriptors(count) }
    }
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

extension TraceRecord.Message {
  /// Whether the data of the record are the command's; if not, they are the reply's.
  fileprivate var carriesData: Bool { name.hasSuffix("_WRITE") || name.hasSuffix("_WRITE_MULTI") }
}
