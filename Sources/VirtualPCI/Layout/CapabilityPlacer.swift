import ByteIO
import PCIConfig

/// Finds the places of a profile's capabilities.
///
/// The rule: capabilities with an offset keep it; then, in the order of the profile, each `auto`
/// one takes the lowest free place of its region that is long enough and begins at a multiple of 4.
/// Standard capabilities have 0x40 to 0xff, extended ones 0x100 to 0xfff. Nothing of a device
/// enters, so a profile lays itself out alike everywhere.
struct CapabilityPlacer {
  private(set) var offsets: [Int?]
  private(set) var problems: [ProfileProblem] = []
  private var taken: [Range<Int>] = []

  static func region(_ id: CapabilityID) -> Range<Int> {
    id.isExtended ? 0x100..<0x1000 : 0x40..<0x100
  }

  init(_ capabilities: [ProfileCapability]) {
    offsets = Array(repeating: nil, count: capabilities.count)
    for (index, capability) in capabilities.enumerated() {
      if case .at(let offset) = capability.placement {
        accept(capability, at: offset, index, among: capabilities)
      }
    }
    for (index, capability) in capabilities.enumerated() where capability.placement == .auto {
      guard let offset = free(capability.byteCount, in: Self.region(capability.id)) else {
        problems.append(
          ProfileProblem(
            "\(capability.policy.key): no free place of \(capability.byteCount) bytes is left",
            at: capability.placementMark, breaks: .region))
        continue
      }
      offsets[index] = offset
      taken.append(offset..<offset + capability.byteCount)
    }
  }

  private mutating func accept(
    _ capability: ProfileCapability, at offset: Int, _ index: Int,
    among capabilities: [ProfileCapability]
  ) {
    let key = capability.policy.key
    let region = Self.region(capability.id)
    let place = "0x" + hex(offset, digits: 2)
    func report(_ message: String, _ rule: ProfileRule) {
      problems.append(ProfileProblem(message, at: capability.placementMark, breaks: rule))
    }
    guard region.contains(offset) else {
      return report(
        "\(key): expected an offset from 0x\(hex(region.lowerBound)) to "
          + "0x\(hex(region.upperBound - 4)), found \(place)", .region)
    }
    guard offset % 4 == 0 else {
      return report("\(key): expected a multiple of 4, found \(place)", .alignment)
    }
    let range = offset..<offset + capability.byteCount
    guard range.upperBound <= region.upperBound else {
      return report(
        "\(key): \(range.count) bytes at \(place) end behind 0x\(hex(region.upperBound - 1))",
        .length)
    }
    for (other, otherOffset) in offsets.enumerated() {
      guard let otherOffset else { continue }
      let otherRange = otherOffset..<otherOffset + capabilities[other].byteCount
      guard range.overlaps(otherRange) else { continue }
      report(
        "\(key): the bytes \(Self.text(range)) overlap those of "
          + "\(capabilities[other].policy.key) at \(Self.text(otherRange))", .overlap)
    }
    offsets[index] = offset
    taken.append(range)
  }

  private func free(_ count: Int, in region: Range<Int>) -> Int? {
    var candidate = region.lowerBound
    for range in taken.sorted(by: { $0.lowerBound < $1.lowerBound })
    where region.overlaps(range) {
      if candidate + count <= range.lowerBound { return candidate }
      candidate = max(candidate, (range.upperBound + 3) & ~3)
    }
    return candidate + count <= region.upperBound ? candidate : nil
  }

  private static func text(_ range: Range<Int>) -> String {
    "0x\(hex(range.lowerBound, digits: 2)) to 0x\(hex(range.upperBound - 1, digits: 2))"
  }
}
