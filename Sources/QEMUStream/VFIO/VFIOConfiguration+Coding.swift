public import ByteIO
import PCIConfig

extension VFIOConfiguration {
  private static var subsection: UInt8 { 5 }
  private static var longestSubsections: Int { 64 << 10 }

  /// More bytes than a record has, with the tag behind it and the footer of its section.
  static var longestByteCount: Int { 4 + 4096 + 16 + 2048 * 16 + 256 + longestSubsections + 8 + 5 }

  /// Reads the record at the front of `bytes`, behind its tag, up to the tag of END_OF_STATE.
  ///
  /// The record has neither the size of its space nor the number of its vectors. Both sizes of the
  /// space are tried, with the vectors of the space's own MSI-X capability, and the one with an
  /// END_OF_STATE behind it counts. If the tag is found at both ends, `isEnd` decides from the
  /// bytes behind it.
  init(
    parsing bytes: RawSpan, at offset: UInt64, endingBy isEnd: (RawSpan) -> Bool
  ) throws(QEMUStreamError) {
    guard let record = try Self(parsing: bytes, at: offset, isLast: true, endingBy: isEnd) else {
      preconditionFailure("the last bytes decide")
    }
    self = record
  }

  /// The same of a record of which more may come; nil if its bytes do not decide yet.
  init?(
    parsing bytes: RawSpan, at offset: UInt64, isLast: Bool, endingBy isEnd: (RawSpan) -> Bool
  ) throws(QEMUStreamError) {
    guard bytes.byteCount >= 4 else {
      guard isLast else { return nil }
      throw QEMUStreamError(
        .torn, at: offset, expected: "a configuration record", found: "the end of the input")
    }
    let version = bytes.big(UInt32.self, at: 0)
    guard (1...2).contains(version) else {
      throw QEMUStreamError(
        .unsupportedVersion, at: offset, expected: "PCI device state of version 2",
        found: "version \(version)")
    }
    var fits: [VFIOConfiguration] = []
    for size in Self.spaceSizes {
      switch Self.attempt(bytes, version: version, spaceByteCount: size) {
      case .fits(let record):
        // The footer behind the tag may have to decide.
        let whole = record.byteCount + 8 + QEMUSection.footerByteCount
        if !isLast, bytes.byteCount < whole { return nil }
        fits.append(record)
      case .needsMore: if !isLast { return nil }
      case .fails: break
      }
    }
    let ends = fits.filter { isEnd(bytes.extracting(droppingFirst: $0.byteCount + 8)) }
    if !ends.isEmpty { fits = ends }
    guard var first = fits.first else {
      throw QEMUStreamError(
        .malformed, at: offset,
        expected: "a configuration record of a space of 4096 or 256 bytes, four interrupt states, "
          + "the MSI-X vectors of the space's capability, and END_OF_STATE",
        found: "END_OF_STATE at neither place")
    }
    first.isSizeAmbiguous = fits.count > 1
    self = first
  }

  /// Reads the record in the bytes of a multifd packet of `device`, its tag and END_OF_STATE
  /// included.
  init(
    parsingPacket bytes: RawSpan, at offset: UInt64, of device: String
  ) throws(QEMUStreamError) {
    guard bytes.byteCount >= 8,
      bytes.big(UInt64.self, at: 0) == VFIORecord.Kind.configuration.tag
    else {
      throw QEMUStreamError(
        .malformed, at: offset, section: device,
        expected: "a configuration record in the last packet", found: "other bytes")
    }
    try self.init(
      parsing: bytes.extracting(droppingFirst: 8), at: offset + 8,
      endingBy: { $0.byteCount == 0 })
    guard byteCount + 16 == bytes.byteCount else {
      throw QEMUStreamError(
        .malformed, at: offset, section: device, expected: "a packet of \(byteCount + 16) bytes",
        found: "\(bytes.byteCount)")
    }
  }

  private enum Attempt {
    case fits(VFIOConfiguration)
    case fails, needsMore
  }

  private static func attempt(
    _ bytes: RawSpan, version: UInt32, spaceByteCount: Int
  ) -> Attempt {
    var end = 4 + spaceByteCount + 16
    guard bytes.byteCount >= end else { return .needsMore }
    let space = [UInt8](bytes.extracting(4..<4 + spaceByteCount))
    var pins: UInt8 = 0
    for pin in 0..<4 {
      let level = bytes.big(UInt32.self, at: 4 + spaceByteCount + 4 * pin)
      guard level <= 1 else { return .fails }
      pins |= UInt8(level) << UInt8(pin)
    }
    var record = VFIOConfiguration(version: version, space: space, assertedPins: pins)
    if let vectors = Self.vectorCount(of: space) {
      let tableEnd = end + vectors * 16
      let pendingEnd = tableEnd + (vectors + 7) / 8
      guard bytes.byteCount >= pendingEnd else { return .needsMore }
      record.msixTable = [UInt8](bytes.extracting(end..<tableEnd))
      record.msixPendingBits = [UInt8](bytes.extracting(tableEnd..<pendingEnd))
      end = pendingEnd
    }
    switch subsections(in: bytes.extracting(droppingFirst: end)) {
    case .found(let rest):
      record.subsections = rest
      return .fits(record)
    case .absent: return .fails
    case .needsMore: return .needsMore
    }
  }

  /// The number of vectors that the MSI-X capability of a space has; nil without it.
  static func vectorCount(of space: [UInt8]) -> Int? {
    guard let space = try? ConfigSpace(space),
      let capability = space.capabilityList.first(.msix),
      let control = space.u16(at: capability.offset + 2)
    else { return nil }
    return Int(control & 0x7ff) + 1
  }

  private enum Subsections {
    case found([UInt8])
    case absent, needsMore
  }

  /// The bytes before the tag of END_OF_STATE, which are none or begin like a subsection.
  private static func subsections(in bytes: RawSpan) -> Subsections {
    let tag = VFIORecord.Kind.endOfState.tag
    guard bytes.byteCount >= 8 else { return .needsMore }
    if bytes.big(UInt64.self, at: 0) == tag { return .found([]) }
    guard bytes[byte: 0] == subsection, bytes[byte: 1] > 0 else { return .absent }
    for end in 1...max(min(bytes.byteCount - 8, longestSubsections), 1)
    where end + 8 <= bytes.byteCount && bytes.big(UInt64.self, at: end) == tag {
      return .found([UInt8](bytes.extracting(first: end)))
    }
    return bytes.byteCount - 8 < longestSubsections ? .needsMore : .absent
  }

  /// The record as QEMU writes it, between its tag and that of END_OF_STATE.
  public func encode(into writer: inout ByteWriter) {
    writer.big(version)
    writer.append(space)
    for pin in 0..<4 as Range<UInt8> { writer.big(UInt32(assertedPins >> pin & 1)) }
    writer.append(msixTable)
    writer.append(msixPendingBits)
    writer.append(subsections)
  }

  /// The name of the first optional part; the others' cannot be told.
  public var subsectionNames: [String] {
    guard subsections.count > 2 else { return [] }
    let end = 2 + Int(subsections[1])
    guard end <= subsections.count else { return [] }
    return [String(decoding: subsections[2..<end], as: UTF8.self)]
  }
}
