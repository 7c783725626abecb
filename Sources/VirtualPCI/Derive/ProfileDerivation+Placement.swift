import ByteIO
import PCIConfig

extension ProfileDerivation {
  /// Gives every capability its place: the first device's where it is free, else a free one by the
  /// layout's rule.
  ///
  /// PASID that no dump shows goes to 0xff8, where QEMU puts it; and something has to begin the
  /// extended list at 0x100.
  static func place(
    _ profile: inout Profile, _ wanted: [Int?], _ report: inout DerivationReport
  ) throws(DerivationError) {
    var taken: [Range<Int>] = []
    for (index, offset) in wanted.enumerated() {
      let capability = profile.capabilities[index]
      let region = CapabilityPlacer.region(capability.id)
      profile.capabilities[index].placement = .auto
      guard let offset else { continue }
      let range = offset..<offset + capability.byteCount
      if offset % 4 == 0, region.contains(offset), range.upperBound <= region.upperBound,
        !taken.contains(where: { $0.overlaps(range) })
      {
        taken.append(range)
        profile.capabilities[index].placement = .at(offset)
      }
    }
    let extended = profile.capabilities.indices.filter { profile.capabilities[$0].id.isExtended }
    let hasFirst = extended.contains { profile.capabilities[$0].placement == .at(0x100) }
    if !hasFirst, let first = extended.first {
      let range = 0x100..<0x100 + profile.capabilities[first].byteCount
      let others = extended.dropFirst().filter { index in
        guard case .at(let offset) = profile.capabilities[index].placement else { return false }
        return range.overlaps(offset..<offset + profile.capabilities[index].byteCount)
      }
      for index in others { profile.capabilities[index].placement = .auto }
      profile.capabilities[first].placement = .at(0x100)
    }
    let placer = CapabilityPlacer(profile.capabilities)
    guard placer.problems.isEmpty else {
      throw DerivationError(placer.problems.map(\.description))
    }
    for (index, offset) in placer.offsets.enumerated() {
      guard let offset else { continue }
      profile.capabilities[index].placement = .at(offset)
      if let old = wanted[index], old != offset {
        report.add(
          .moved, profile.capabilities[index].policy.key, "offset",
          found: [.init(device: report.devices[0], value: "0x\(hex(old))")],
          settled: "0x\(hex(offset))",
          "the first device's place is taken, or the extended list needs a start at 0x100")
      }
    }
  }

  /// The MSI-X table and PBA: the first device's place if it fits into the profile's BARs, else the
  /// next device's, else the end of the largest memory BAR.
  static func placeMSIX(
    _ profile: inout Profile, _ offsets: inout [Int?], _ hosts: [HostFunction],
    _ report: inout DerivationReport
  ) {
    guard let index = profile.capabilities.firstIndex(where: { $0.id == .msix }) else { return }
    let vectors = UInt64((profile.capabilities[index].content.values["control"] ?? 0) & 0x7ff) + 1
    let sizes = MSIXSizes(vectors: vectors)
    var place: (table: UInt32, pba: UInt32)?
    for host in hosts {
      guard let msix = host.msix, sizes.fit(msix.table, msix.pba, profile.bars) else { continue }
      place = (msix.table, msix.pba)
      break
    }
    if place == nil { place = sizes.end(of: profile.bars) }
    guard let place else {
      profile.capabilities.remove(at: index)
      offsets.remove(at: index)
      return report.add(
        .dropped, "msix", "", found: [], settled: "none",
        "no memory BAR that all devices have can hold the table")
    }
    profile.capabilities[index].content.values["table"] = place.table
    profile.capabilities[index].content.values["pba"] = place.pba
    for host in hosts {
      guard let msix = host.msix, msix.table != place.table || msix.pba != place.pba else {
        continue
      }
      report.add(
        .relocated, "msix", "table and PBA",
        found: [
          .init(
            device: host.label, value: "\(MSIXSizes.text(msix.table)), \(MSIXSizes.text(msix.pba))")
        ], settled: "\(MSIXSizes.text(place.table)), \(MSIXSizes.text(place.pba))",
        "the VMM serves them and must relocate this device's")
    }
  }
}

/// How much room an MSI-X table and its pending bit array take (PCI 3.0, 6.8.2).
struct MSIXSizes {
  let table: UInt64
  let pba: UInt64

  init(vectors: UInt64) {
    table = vectors * 16
    pba = (vectors + 63) / 64 * 8
  }

  /// Whether both lie within memory BARs of `bars`, apart from each other.
  func fit(_ table: UInt32, _ pba: UInt32, _ bars: [ProfileBAR]) -> Bool {
    let places = [(table, self.table), (pba, self.pba)]
    for (value, size) in places {
      guard let bar = bars.first(where: { $0.index == Int(value & 7) }), bar.kind != .io,
        UInt64(value & ~7) + size <= bar.size
      else { return false }
    }
    let (first, second) = (UInt64(table & ~7), UInt64(pba & ~7))
    return table & 7 != pba & 7 || first + self.table <= second || second + self.pba <= first
  }

  /// A place of whole pages at the end of the largest memory BAR, since a VMM can only trap whole
  /// pages.
  func end(of bars: [ProfileBAR]) -> (table: UInt32, pba: UInt32)? {
    guard let bar = bars.filter({ $0.kind != .io }).max(by: { $0.size < $1.size }) else {
      return nil
    }
    let pages = (table + 0xfff) & ~0xfff
    let size = min(bar.size, 1 << 31)
    guard size >= pages + 0x1000 else { return nil }
    let start = UInt32(truncatingIfNeeded: size - pages - 0x1000)
    return (start | UInt32(bar.index), (start + UInt32(pages)) | UInt32(bar.index))
  }

  static func text(_ value: UInt32) -> String { "BAR \(value & 7) + 0x\(hex(value & ~7))" }
}
