/// `value` in lower-case hexadecimal with at least `digits` digits and no prefix.
package func hex(_ value: some BinaryInteger, digits: Int = 1) -> String {
  let text = String(value, radix: 16)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}

/// `bytes` as pairs of hexadecimal digits with `separator` between them.
package func hex(_ bytes: some Sequence<UInt8>, separator: String = "") -> String {
  bytes.map { hex($0, digits: 2) }.joined(separator: separator)
}

/// Two ids of PCI, vendor and device, as `8086:1521`.
package func idPair(_ vendor: UInt16, _ device: UInt16) -> String {
  hex(vendor, digits: 4) + ":" + hex(device, digits: 4)
}

/// Reads two ids of one to four hexadecimal digits each; nil for any other text.
package func idPair(parsing text: some StringProtocol) -> (vendor: UInt16, device: UInt16)? {
  let parts = text.split(separator: ":", omittingEmptySubsequences: false)
  guard parts.count == 2,
    parts.allSatisfy({ (1...4).contains($0.count) && $0.allSatisfy(\.isHexDigit) }),
    let vendor = UInt16(parts[0], radix: 16), let device = UInt16(parts[1], radix: 16)
  else { return nil }
  return (vendor, device)
}
