import ByteIO

extension ConfigSpaceDump {
  /// A space as `lspci -xxxx` prints it, which `lspci -F` reads.
  ///
  /// - Parameters:
  ///   - bytes: a whole space.
  ///   - address: the slot; `00:00.0` if nil.
  ///   - title: stands behind the slot.
  public static func lspciText(_ bytes: [UInt8], at address: PCIAddress?, title: String) -> String {
    var lines = ["\(address?.description ?? "00:00.0") \(title)"]
    for start in stride(from: 0, to: bytes.count, by: 16) {
      let row = bytes[start..<min(start + 16, bytes.count)].map { hex($0, digits: 2) }
      lines.append("\(hex(start, digits: 2)): \(row.joined(separator: " "))")
    }
    return lines.joined(separator: "\n") + "\n\n"
  }
}
