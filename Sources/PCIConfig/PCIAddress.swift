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
    self.init(digits: Array(text.utf8)[...])
  }

  /// Reads the same of characters.
  init?(digits: ArraySlice<UInt8>) {
    // The shortest is BB:DD.F, the longest has a domain of eight digits.
    guard digits.count >= 7, digits.count <= 16 else { return nil }
    var rest = digits
    guard let function = Self.take(1, from: &rest, behind: UInt8(ascii: ".")), function < 8,
      let device = Self.take(2, from: &rest, behind: UInt8(ascii: ":")), device < 32,
      let bus = Digits.value(rest.suffix(2), radix: 16)
    else { return nil }
    rest.removeLast(2)
    var domain: UInt64 = 0
    if rest.popLast() != nil {
      guard digits[rest.endIndex] == UInt8(ascii: ":"), (4...8).contains(rest.count),
        let value = Digits.value(rest, radix: 16)
      else { return nil }
      domain = value
    }
    self.domain = UInt32(truncatingIfNeeded: domain)
    self.bus = UInt8(truncatingIfNeeded: bus)
    self.device = UInt8(truncatingIfNeeded: device)
    self.function = UInt8(truncatingIfNeeded: function)
  }

  /// Takes a number of `count` digits from the end, and the character before it.
  private static func take(
    _ count: Int, from rest: inout ArraySlice<UInt8>, behind mark: UInt8
  ) -> UInt64? {
    let value = Digits.value(rest.suffix(count), radix: 16)
    rest.removeLast(count)
    return rest.popLast() == mark ? value : nil
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

extension PCIAddress {
  /// Whether bus, device and function are the same, whatever the domain.
  public func isSameSlot(as other: PCIAddress) -> Bool {
    bus == other.bus && device == other.device && function == other.function
  }
}
