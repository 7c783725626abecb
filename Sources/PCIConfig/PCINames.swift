import ByteIO

/// The names of vendors, devices and subsystems, as the file `pci.ids` of the PCI ID Project has
/// them.
///
/// The file is a list of vendors with their devices, indented by a tab, and these's subsystems,
/// indented by two (https://pci-ids.ucw.cz). What is none of these is passed over, classes too.
public struct PCINames: Sendable {
  private let bytes: [UInt8]
  // Where the line of each vendor begins.
  private var vendors: [UInt16: Int] = [:]

  /// Names from the bytes of such a file.
  public init(parsing bytes: [UInt8]) {
    self.bytes = bytes
    var start = 0
    while start < bytes.count {
      let line = line(at: start)
      if let id = Self.id(line), line.count > 6, line[line.startIndex + 4] == UInt8(ascii: " ") {
        vendors[id] = vendors[id] ?? start
      }
      start = line.endIndex + 1
    }
  }

  /// The name of a vendor; nil if there is none.
  public func vendor(_ vendor: UInt16) -> String? {
    vendors[vendor].map { name(line(at: $0), behind: 4) }
  }

  /// The name of a device; nil if there is none.
  public func device(_ device: UInt16, of vendor: UInt16) -> String? {
    line(of: device, of: vendor).map { name($0, behind: 5) }
  }

  /// The name of a subsystem of a device; nil if there is none.
  public func subsystem(
    _ subsystem: (vendor: UInt16, device: UInt16), of device: UInt16, of vendor: UInt16
  ) -> String? {
    guard let head = line(of: device, of: vendor) else { return nil }
    return lines(behind: head, tabs: 2) { line in
      Self.id(line.dropFirst(2)) == subsystem.vendor
        && Self.id(line.dropFirst(7)) == subsystem.device
    }.map { name($0, behind: 11) }
  }

  private func line(of device: UInt16, of vendor: UInt16) -> ArraySlice<UInt8>? {
    guard let start = vendors[vendor] else { return nil }
    return lines(behind: line(at: start), tabs: 1) { Self.id($0.dropFirst()) == device }
  }

  /// The first line of so many tabs that `isWanted`, before one of fewer.
  private func lines(
    behind head: ArraySlice<UInt8>, tabs: Int, where isWanted: (ArraySlice<UInt8>) -> Bool
  ) -> ArraySlice<UInt8>? {
    var start = head.endIndex + 1
    while start < bytes.count {
      let line = line(at: start)
      let depth = line.prefix { $0 == UInt8(ascii: "\t") }.count
      let isRemark = line.isEmpty || line.first == UInt8(ascii: "#")
      if !isRemark, depth < tabs { return nil }
      if depth == tabs, isWanted(line) { return line }
      start = line.endIndex + 1
    }
    return nil
  }

  private func line(at start: Int) -> ArraySlice<UInt8> {
    let rest = bytes[start...]
    return rest[..<(rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex)]
  }

  private static func id(_ digits: ArraySlice<UInt8>) -> UInt16? {
    let digits = digits.prefix(4)
    guard digits.count == 4, let value = Digits.value(digits, radix: 16) else { return nil }
    return UInt16(truncatingIfNeeded: value)
  }

  private func name(_ line: ArraySlice<UInt8>, behind count: Int) -> String {
    let name = line.dropFirst(count).drop { $0 == UInt8(ascii: " ") }
    return String(decoding: name, as: UTF8.self)
  }
}
