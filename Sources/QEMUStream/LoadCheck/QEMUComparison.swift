import ByteIO
import PCIConfig

/// The bytes of a stream's space and of a destination's that QEMU compares, and what the dumps lack
/// of them.
struct QEMUComparison {
  let streamList: CapabilityList
  let localList: CapabilityList
  /// The sizes of the functions' spaces; nil if a dump does not tell.
  let byteCounts: (stream: Int?, local: Int?)
  /// The bytes that are refused whatever the missing ones are, in ascending order.
  private(set) var refused: [QEMULoadCheck.Mismatch] = []
  /// What the dumps lack and would decide, in sentences.
  private(set) var unknowns: [String] = []

  init(_ stream: ConfigSpace, _ local: ConfigSpace, skipsVendorBytes: Bool) {
    streamList = stream.capabilityList
    localList = local.capabilityList
    byteCounts = (Self.byteCount(stream, streamList), Self.byteCount(local, localList))
    for (name, list) in [("stream", streamList), ("destination", localList)] {
      unknowns += list.stops.filter(\.isGap).map { "the \(name)'s space: \($0)" }
    }
    let fields = QEMUFieldNames(local, localList)
    var missing: Set<Int> = []
    var isFirst = true
    // Whether a space is a device's own shows in its capabilities, of which some may be missing.
    for isStreamPhysical in Self.mayBePhysical(streamList) {
      for isLocalPhysical in Self.mayBePhysical(localList) {
        let source = QEMUShadow(
          stream, streamList, isPhysical: isStreamPhysical, skipsVendorBytes: skipsVendorBytes)
        let shadow = QEMUShadow(
          local, localList, isPhysical: isLocalPhysical, skipsVendorBytes: skipsVendorBytes)
        // A stream's own bytes stay as they are; a device's have to become a stream's first.
        let read = isStreamPhysical ? source.bytes : stream.bytes
        var found: [QEMULoadCheck.Mismatch] = []
        for index in 0..<local.byteCount where shadow.isCompared(index) {
          guard stream.isKnown(index..<index + 1), local.isKnown(index..<index + 1) else {
            if index < stream.byteCount || !stream.isWhole { missing.insert(index) }
            continue
          }
          if isCertain(index), let mismatch = shadow.mismatch(at: index, read[index], fields) {
            found.append(mismatch)
          }
        }
        let offsets = Set(found.map(\.offset))
        refused = isFirst ? found : refused.filter { offsets.contains($0.offset) }
        isFirst = false
      }
    }
    // A BAR that is not known is taken as none above.
    for index in 0x10..<0x28 where !local.isKnown(index..<index + 1) { missing.insert(index) }
    if unknowns.isEmpty, let first = missing.min() {
      let count = missing.count == 1 ? "1 byte that is" : "\(missing.count) bytes that are"
      unknowns.append(
        "\(count) compared, the first at 0x\(hex(first, digits: 3)), not in these dumps")
    }
  }

  /// Whether both sizes are known, and are not the same.
  var differsInSize: Bool {
    guard let stream = byteCounts.stream, let local = byteCounts.local else { return false }
    return stream != local
  }

  /// Where the standard list is cut, only the header's bytes that do not depend on it are compared
  /// for certain.
  private func isCertain(_ index: Int) -> Bool {
    let isCut = [streamList, localList].contains { $0.standardStop?.isGap == true }
    return !isCut || (index < 0x40 && index != 0x06 && index != 0x34)
  }

  private static func byteCount(_ space: ConfigSpace, _ list: CapabilityList) -> Int? {
    if space.isWhole { return space.byteCount }
    if list.stops.contains(where: \.isGap) { return nil }
    return list.first(.pciExpress) == nil ? 256 : 4096
  }

  private static func mayBePhysical(_ list: CapabilityList) -> [Bool] {
    if QEMUVisibility.isPhysical(list) { return [true] }
    return list.stops.contains(where: \.isGap) ? [false, true] : [false]
  }
}

extension QEMUShadow {
  /// Whether a byte has bits that are compared.
  fileprivate func isCompared(_ index: Int) -> Bool {
    cmask[index] & ~wmask[index] & ~w1cmask[index] != 0
  }

  /// The refusal of the byte `read` at `index`; nil if it passes.
  fileprivate func mismatch(
    at index: Int, _ read: UInt8, _ fields: QEMUFieldNames
  ) -> QEMULoadCheck.Mismatch? {
    guard (read ^ bytes[index]) & cmask[index] & ~wmask[index] & ~w1cmask[index] != 0 else {
      return nil
    }
    return QEMULoadCheck.Mismatch(
      offset: index, read: read, device: bytes[index], cmask: cmask[index], wmask: wmask[index],
      w1cmask: w1cmask[index], field: fields.name(of: index))
  }
}

/// Names the capability and the register of a byte.
private struct QEMUFieldNames {
  private let space: ConfigSpace
  private let capabilities: [Capability]

  init(_ space: ConfigSpace, _ list: CapabilityList) {
    self.space = space
    capabilities = list.capabilities
  }

  func name(of byte: Int) -> String {
    if byte < 64 {
      return "header "
        + (space.headerRegisters.first { $0.range.contains(byte) }?.name ?? "reserved")
    }
    guard let capability = capabilities.first(where: { $0.range.contains(byte) }) else {
      return "behind "
        + (capabilities.filter { $0.offset <= byte }.max { $0.offset < $1.offset }?.id.description
          ?? "the header")
    }
    if let register = space.registers(of: capability).first(where: { $0.range.contains(byte) }) {
      return "\(capability.id) \(register.name)"
    }
    let place = byte - capability.offset
    let isHeader = place < (capability.isExtended ? 4 : 2)
    return "\(capability.id) " + (isHeader ? "header" : "byte +0x\(hex(place, digits: 2))")
  }
}
