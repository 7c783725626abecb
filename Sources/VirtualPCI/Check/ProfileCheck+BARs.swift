import ByteIO
import PCIConfig

extension ProfileCheck {
  /// Kind and size of every BAR of the profile.
  mutating func checkBARs() {
    if let size = layout.profile.romSize {
      remark(
        "bars", "expansion ROM", size.byteCountText, "not known",
        "the VMM serves the ROM that it is given")
    }
    guard host.areBARsKnown else {
      guard !layout.profile.bars.isEmpty else { return }
      if let gap = host.gapOfBARs {
        return leaveOpen(
          "bars", "kinds and sizes", "those of the profile", gap,
          "a guest's driver would find no registers there")
      }
      return remark(
        "bars", "kinds and sizes", "those of the profile", "not known",
        "a virtual function's BARs are in its physical function's SR-IOV capability: give its dump")
    }
    for bar in layout.profile.bars where host.bars.indices.contains(bar.index) {
      guard let found = host.bars[bar.index] else {
        if let gap = host.gap(.msix), bar.kind == .mem32 {
          // An unassigned one reads 0 too, and MSI-X would name it.
          leaveOpen(
            "bars", "BAR \(bar.index)", bar.kind.rawValue, "not known: \(gap)",
            "a guest's driver would find no registers there")
          continue
        }
        refuse(
          "bars", "BAR \(bar.index)", bar.kind.rawValue, "none",
          "a guest's driver would find no registers there")
        continue
      }
      check(bar, found)
    }
    for (index, bar) in host.bars.enumerated()
    where bar != nil && !layout.profile.bars.contains(where: { $0.index == index }) {
      remark(
        "bars", "BAR \(index)", "none", bar?.kind.rawValue ?? "",
        "the guest does not see this region")
    }
  }

  private mutating func check(_ bar: ProfileBAR, _ found: HostBAR) {
    let field = "BAR \(bar.index)"
    if bar.kind != found.kind {
      refuse(
        "bars", field, bar.kind.rawValue, found.kind.rawValue,
        "the region is not of the kind that a guest expects")
    } else if bar.isPrefetchable, !found.isPrefetchable {
      refuse(
        "bars", field, "prefetchable", "not prefetchable",
        "a guest may combine and repeat reads that have side effects")
    }
    let wanted = bar.size.byteCountText
    if let size = found.size {
      if size < bar.size {
        refuse(
          "bars", field, wanted, size.byteCountText,
          "a guest would reach behind the device's registers")
      } else if size > bar.size {
        remark(
          "bars", field, wanted, size.byteCountText,
          "the guest sees the first part of the region")
      }
    } else if let limit = found.sizeLimit, limit < bar.size {
      refuse(
        "bars", field, wanted, "at most \(limit.byteCountText), by its address",
        "a guest would reach behind the device's registers")
    } else {
      remark(
        "bars", field, wanted, "size not known",
        "no dump says it; the VMM learns it from the device's regions")
    }
  }
}
