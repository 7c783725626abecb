import ByteIO

/// The walk along both capability lists: bounded by the offsets already visited, so that a hostile
/// list ends.
struct CapabilityWalk {
  private let space: ConfigSpace
  private var headers: [Header] = []
  private var findings: [ConfigSpaceFinding] = []
  private var standardStop: ConfigSpaceFinding?
  private var extendedStop: ConfigSpaceFinding?

  /// A capability's header, before its length is known.
  private struct Header {
    let id: CapabilityID
    let offset: Int
    let version: Int?
    let next: Int
  }

  init(_ space: ConfigSpace) {
    self.space = space
  }

  consuming func list() -> CapabilityList {
    guard !space.isAllOnes else {
      let finding = ConfigSpaceFinding(
        .allOnes, at: 0, "every byte is ff: the function did not answer")
      return CapabilityList(
        capabilities: [], findings: [finding], standardStop: finding, extendedStop: finding)
    }
    do throws(ConfigSpaceFinding) {
      try walkStandard()
    } catch {
      findings.append(error)
      standardStop = error
    }
    do throws(ConfigSpaceFinding) {
      try walkExtended()
    } catch {
      if error != standardStop { findings.append(error) }
      extendedStop = error
    }
    let capabilities = measure()
    addOverlaps(capabilities)
    return CapabilityList(
      capabilities: capabilities, findings: findings, standardStop: standardStop,
      extendedStop: extendedStop)
  }

  private mutating func add(_ code: ConfigSpaceFinding.Code, at offset: Int, _ message: String) {
    findings.append(ConfigSpaceFinding(code, at: offset, message))
  }

  /// PCI Local Bus 3.0, 6.7: the list exists if Status bit 4 is set, pointers have their two low
  /// bits masked.
  private mutating func walkStandard() throws(ConfigSpaceFinding) {
    let pointerOffset: Int
    switch space.headerType {
    case 0, 1: pointerOffset = 0x34
    case 2: pointerOffset = 0x14
    case nil:
      // Of a trace's reads, that of the pointer may be there without that of the type.
      guard space.isKnown(0x34..<0x35) else {
        throw ConfigSpaceFinding(.unknownBytes, at: 0x0e, "the header type is not in this dump")
      }
      add(
        .unknownBytes, at: 0x0e,
        "the header type is not in this dump; the list is taken to begin at 0x34")
      pointerOffset = 0x34
    case let type?:
      throw ConfigSpaceFinding(
        .unknownHeaderType, at: 0x0e, "unknown header type 0x\(hex(type, digits: 2))")
    }
    guard let status = space.u8(at: 0x06) else {
      throw ConfigSpaceFinding(.unknownBytes, at: 0x06, "the status register is not in this dump")
    }
    guard status & 0x10 != 0 else { return }
    guard let first = space.u8(at: pointerOffset) else {
      throw ConfigSpaceFinding(
        .unknownBytes, at: pointerOffset, "the capability pointer is not in this dump")
    }
    var visited: Set<Int> = []
    var pointer = pointerOffset
    var offset = Int(first & 0xfc)
    if offset == 0 {
      add(
        .missingList, at: pointerOffset,
        "Status says that there is a capability list, but the pointer to it is 0")
    }
    while offset != 0 {
      let place = "0x\(hex(offset, digits: 2))"
      guard offset >= 0x40 else {
        throw ConfigSpaceFinding(
          .pointerIntoHeader, at: pointer, "the pointer to \(place) leads into the header")
      }
      guard visited.insert(offset).inserted else {
        throw ConfigSpaceFinding(.loop, at: pointer, "the list loops back to \(place)")
      }
      guard offset &+ 2 <= space.byteCount || !space.isWhole else {
        throw ConfigSpaceFinding(
          .pointerOutOfRange, at: pointer, "the pointer to \(place) leads outside the space")
      }
      guard let id = space.u8(at: offset), let next = space.u8(at: offset &+ 1) else {
        throw ConfigSpaceFinding(
          .unknownBytes, at: pointer,
          "the list continues at \(place), which this dump does not hold")
      }
      guard id != 0xff else {
        throw ConfigSpaceFinding(
          .onesInsteadOfCapability, at: offset, "the list leads to ff instead of a capability")
      }
      let identifier = CapabilityID(standard: id)
      let version = CapabilityFormat.format(for: identifier)?.version.flatMap {
        space.settled(at: offset, $0)
      }
      headers.append(
        Header(id: identifier, offset: offset, version: version, next: Int(next & 0xfc)))
      pointer = offset &+ 1
      offset = Int(next & 0xfc)
    }
  }

  /// PCIe 7.6: the list begins at 0x100; a first header of zeros means that there is none.
  private mutating func walkExtended() throws(ConfigSpaceFinding) {
    let isExpress = headers.contains { $0.id == .pciExpress }
    // A conventional function has nothing there, and that is known once its standard list is.
    if !isExpress, !space.isKnown(0x100..<0x104) {
      let mayGoOn = !space.isWhole || space.byteCount > ConfigSpace.extendedStart
      if mayGoOn, let standardStop { throw standardStop }
      return
    }
    guard space.byteCount > ConfigSpace.extendedStart || !space.isWhole else { return }
    var visited: Set<Int> = []
    var pointer = ConfigSpace.extendedStart
    var offset = ConfigSpace.extendedStart
    repeat {
      let place = "0x\(hex(offset, digits: 3))"
      guard offset >= ConfigSpace.extendedStart else {
        throw ConfigSpaceFinding(
          .pointerIntoHeader, at: pointer, "the pointer to \(place) leads below the extended space")
      }
      guard visited.insert(offset).inserted else {
        throw ConfigSpaceFinding(.loop, at: pointer, "the list loops back to \(place)")
      }
      guard offset &+ 4 <= space.byteCount || !space.isWhole else {
        throw ConfigSpaceFinding(
          .pointerOutOfRange, at: pointer, "the pointer to \(place) leads outside the space")
      }
      guard let header = space.u32(at: offset) else {
        throw ConfigSpaceFinding(
          .unknownBytes, at: pointer,
          visited.count > 1
            ? "the list continues at \(place), which this dump does not hold"
            : "extended capabilities begin at 0x100, which this dump does not hold")
      }
      guard header != 0xffff_ffff else {
        throw ConfigSpaceFinding(
          .onesInsteadOfCapability, at: offset,
          "the list leads to ffffffff instead of a capability")
      }
      guard header != 0 else { return }
      if visited.count == 1, !isExpress, standardStop?.isGap != true {
        add(
          .extendedWithoutPCIExpress, at: offset,
          "extended capabilities without a PCI Express capability")
      }
      let next = Int(header >> 20 & 0xffc)
      headers.append(
        Header(
          id: CapabilityID(extended: UInt16(truncatingIfNeeded: header)), offset: offset,
          version: Int(header >> 16 & 0xf), next: next))
      pointer = offset &+ 2
      offset = next
    } while offset != 0
  }

  private mutating func measure() -> [Capability] {
    let starts = headers.map(\.offset).sorted()
    var capabilities: [Capability] = []
    for header in headers {
      let end =
        header.id.isExtended
        ? space.byteCount : min(space.byteCount, ConfigSpace.extendedStart)
      var length: Int
      let declared = declaredLength(of: header)
      if let declared {
        let minimum = header.id.isExtended ? 4 : 2
        length = max(declared, minimum)
        if length > end &- header.offset {
          let isCut = !space.isWhole && end == space.byteCount && end != ConfigSpace.extendedStart
          let left = end &- header.offset
          add(
            isCut ? .unknownBytes : .lengthPastEnd, at: header.offset,
            isCut
              ? "of the \(length) bytes of \(header.id), this dump holds \(left)"
              : "\(header.id) of \(length) bytes is longer than the \(left) left")
          length = left
        }
      } else {
        let bound = starts.first { $0 > header.offset }.map { min($0, end) } ?? end
        length = Self.usedLength(space, header.offset..<bound)
      }
      capabilities.append(
        Capability(
          id: header.id, offset: header.offset, length: length, isLengthKnown: declared != nil,
          version: header.version, next: header.next))
    }
    return capabilities
  }

  /// What the structure's own registers say of its length; nil if they do not, or if the dump lacks
  /// the ones that would.
  private func declaredLength(of header: Header) -> Int? {
    CapabilityFormat.format(for: header.id).flatMap { space.settled(at: header.offset, $0.length) }
  }

  /// How much of `range` looks like one structure: it ends at the first 16 bytes of zeros, and
  /// keeps whole words of four.
  private static func usedLength(_ space: ConfigSpace, _ range: Range<Int>) -> Int {
    var used = 0
    for (index, byte) in space.bytes[range].enumerated() where byte != 0 {
      if index &- used >= 16 { break }
      used = index &+ 1
    }
    return min(range.count, max(4, (used &+ 3) & ~3))
  }

  private mutating func addOverlaps(_ capabilities: [Capability]) {
    var widest: Capability?
    for capability in capabilities.sorted(by: { $0.offset < $1.offset }) {
      if let widest, widest.range.overlaps(capability.range) {
        add(
          .overlap, at: capability.offset,
          "\(capability.id) lies within the \(widest.length) bytes of \(widest.id) at "
            + "0x\(hex(widest.offset, digits: 2))")
      }
      if capability.range.upperBound > (widest?.range.upperBound ?? 0) { widest = capability }
    }
  }
}

extension ConfigSpace {
  /// Walks both capability lists; linear in their length, so keep the result.
  public var capabilityList: CapabilityList { CapabilityWalk(self).list() }
}
