import ByteIO

extension ConfigSpace {
  /// What a header and the lists behind it say that no function says: reserved bits that are set,
  /// pointers to nothing, a class that is not defined. Of bytes that are no space there are many.
  ///
  /// Registers that are not known are passed over. See PCIe 7.5.1 for the header and the PCI Code
  /// and ID Assignment Specification for classes and capability ids.
  public var contradictions: [String] {
    var found: [String] = []
    func check(_ isSound: Bool, _ what: @autoclosure () -> String) {
      if !isSound { found.append(what()) }
    }
    if let vendor = u16(at: 0x00), let device = u16(at: 0x02) {
      // A virtual function has ones in both.
      check(vendor != 0, "vendor 0000")
      check(vendor != 0xffff || device == 0xffff, "vendor ffff")
    }
    if let command = u16(at: 0x04) {
      check(command & 0xf800 == 0, "Command \(hex(command, digits: 4))")
    }
    if let status = u16(at: 0x06) {
      check(status & 0x0006 == 0, "Status \(hex(status, digits: 4))")
    }
    if let base = u8(at: 0x0b), let subclass = u8(at: 0x0a) {
      check(
        ClassCode.isDefined(base: base, subclass: subclass),
        "class \(hex(base, digits: 2))\(hex(subclass, digits: 2))")
    }
    if let type = headerType { check(type <= 2, "header type \(hex(type, digits: 2))") }
    if let pin = u8(at: 0x3d) { check(pin <= 4, "interrupt pin \(hex(pin, digits: 2))") }
    if headerType == 0 { found += endpointContradictions }
    found += listContradictions
    return found
  }

  /// Of what endpoints have behind the common part: base addresses and reserved bytes.
  private var endpointContradictions: [String] {
    var found: [String] = []
    var index = 0
    while index < 6 {
      let low = u32(at: 0x10 + 4 * index) ?? 0
      let isReserved = low & 1 == 1 ? low & 0x2 != 0 : low & 0x6 == 0x6
      if isReserved { found.append("BAR\(index) \(hex(low, digits: 8))") }
      // The upper half of one of 64 bits has any bits.
      index += low & 0x7 == 0x4 ? 2 : 1
    }
    let reserved = bytes(0x35..<0x3c) ?? []
    if reserved.contains(where: { $0 != 0 }) { found.append("bytes at 0x35 that are reserved") }
    return found
  }

  /// Of the capability lists: where they lead, and ids that none has.
  private var listContradictions: [String] {
    let list = capabilityList
    let broken: Set<ConfigSpaceFinding.Code> = [
      .loop, .pointerIntoHeader, .pointerOutOfRange, .onesInsteadOfCapability,
      .extendedWithoutPCIExpress,
    ]
    // A conventional function answers with ones behind its 256 bytes.
    let mayHaveOnes = list.first(.pciExpress) == nil
    var found = list.findings.filter { finding in
      let isAbsent = mayHaveOnes && finding.offset == Self.extendedStart
      return broken.contains(finding.code)
        && !(isAbsent && finding.code == .onesInsteadOfCapability)
    }.map(\.description)
    for capability in list.capabilities where !capability.id.isDefined {
      found.append("0x\(hex(capability.offset, digits: 2)): \(capability.id)")
    }
    let pointer = headerType == 2 ? 0x14 : 0x34
    if let status = u8(at: 0x06), let first = u8(at: pointer),
      (status & 0x10 != 0) != (first & 0xfc >= 0x40)
    {
      found.append("a capability pointer to \(hex(first, digits: 2))")
    }
    return found
  }
}

extension CapabilityID {
  /// Whether the id is one that specifications assign today.
  fileprivate var isDefined: Bool {
    isExtended ? (0x01...0x3f).contains(rawValue) : (0x01...0x15).contains(rawValue)
  }
}

extension ClassCode {
  /// The last subclass of each base class from 00 on.
  private static let lastSubclasses: [UInt8] = [
    0x05, 0x09, 0x08, 0x02, 0x04, 0x02, 0x0b, 0x06, 0x07, 0x07, 0x01, 0x40, 0x0a, 0x21, 0x01, 0x06,
    0x10, 0x20, 0x01, 0x00, 0x00,
  ]

  /// Whether the subclass is assigned in its base class; 80 is "other" in each.
  static func isDefined(base: UInt8, subclass: UInt8) -> Bool {
    guard Int(base) < lastSubclasses.count else { return base == 0x40 || base == 0xff }
    // QEMU gives devices of no class the subclass ff.
    let isOther = subclass == 0x80 || (base == 0 && subclass == 0xff)
    return isOther || subclass <= lastSubclasses[Int(base)]
  }
}
