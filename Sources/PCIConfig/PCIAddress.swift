import ByteIO

/// Where a function sits: domain, bus, device and function, as in `0000:3b:00.1`.
public struct PCIAddress: Sendable, Hashable {
  /// Linux gives the buses behind Intel's VMD domains above 0xffff.
  public let domain: UInt32
  /// The bus number.
  public let bus: UInt8
  /// 0 to 31.
  public let device: UInt8
  /// 0 to 7.
  public let function: UInt8

  /// Reads `[DDDD:]BB:DD.F` in hexadecimal; the domain is 0 if absent.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3, let last = parts.last else { return nil }
    let slot = last.split(separator: ".", omittingEmptySubsequences: false)
    guard slot.count == 2,
      let domain = parts.count == 3 ? UInt32(digits: parts[0], 4...8) : 0,
      let bus = UInt8(digits: parts[parts.count - 2], 2...2),
      let device = UInt8(digits: slot[0], 2...2), device < 32,
      let function = UInt8(digits: slot[1], 1...1), function < 8
    else { return nil }
    self.domain = domain
    self.bus = bus
    self.device = device
    self.function = function
  }
}

extension PCIAddress: LosslessStringConvertible {
  /// With the domain, in four digits at least.
  public var description: String {
    "\(hex(domain, digits: 4)):\(hex(bus, digits: 2)):\(hex(device, digits: 2)).\(function)"
  }
}

extension PCIAddress: Comparable {
  public static func < (a: Self, b: Self) -> Bool {
    (a.domain, a.bus, a.device, a.function) < (b.domain, b.bus, b.device, b.function)
  }
}

extension FixedWidthInteger {
  fileprivate init?(digits: some StringProtocol, _ counts: ClosedRange<Int>) {
    guard counts.contains(digits.utf8.count),
      digits.allSatisfy({ $0.isASCII && $0.isHexDigit })
    else { return nil }
    self.init(digits, radix: 16)
  }
}

extension PCIAddress {
  /// Whether bus, device and function are the same, whatever the domain.
  public func isSameSlot(as other: PCIAddress) -> Bool {
    bus == other.bus && device == other.device && function == other.function
  }
}
