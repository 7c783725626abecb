import ByteIO

/// Finds the BARs that every device has, and sizes for them.
struct BARMerger {
  private(set) var bars: [ProfileBAR] = []
  private(set) var report: DerivationReport
  private let hosts: [HostFunction]
  private let options: DerivationOptions

  init(_ hosts: [HostFunction], _ options: DerivationOptions, _ report: DerivationReport) {
    self.hosts = hosts
    self.options = options
    self.report = report
  }

  mutating func merge() {
    let known = hosts.filter(\.areBARsKnown)
    for index in 0..<6 {
      let found = known.map { $0.bars[index] }
      if known.isEmpty {
        settleUnknown(index)
      } else if found.contains(where: { $0 != nil }) {
        merge(index, known, found)
      }
    }
  }

  /// A function whose registers do not say, such as a virtual one alone: only the MSI-X capability
  /// and the operator say that there is a BAR.
  private mutating func settleUnknown(_ index: Int) {
    guard options.barSizes[index] != nil || holdsMSIX(index),
      !bars.contains(where: { $0.index == index - 1 })
    else { return }
    let bar = ProfileBAR(
      index: index, kind: .mem64, size: options.barSizes[index] ?? assumedSize(index, limit: nil),
      isAssumed: true)
    bars.append(bar)
    report.add(
      .assumed, "bars", "BAR \(index)", found: [],
      settled: "mem64 of \(bar.size.byteCountText)",
      "the registers do not say: a virtual function's are its physical function's, and Enhanced "
        + "Allocation replaces them")
  }

  private mutating func merge(_ index: Int, _ known: [HostFunction], _ found: [HostBAR?]) {
    let texts = zip(known, found).map { host, bar in
      DerivationReport.Finding(device: host.label, value: bar.map(Self.text) ?? "none")
    }
    let present = found.compactMap { $0 }
    guard present.count == found.count, let first = present.first,
      present.allSatisfy({ $0.kind == first.kind })
    else {
      return report.add(
        .dropped, "bars", "BAR \(index)", found: texts, settled: "none",
        "only BARs that every device has, of one kind, are kept")
    }
    let isPrefetchable = present.allSatisfy(\.isPrefetchable)
    if Set(present.map(\.isPrefetchable)).count > 1 {
      report.add(
        .lowered, "bars", "BAR \(index) prefetchable", found: texts, settled: "no",
        "only if every device's is")
    }
    let sizes = present.compactMap(\.size)
    let limit = present.compactMap(\.sizeLimit).min()
    var bar = ProfileBAR(
      index: index, kind: first.kind, isPrefetchable: isPrefetchable, size: 0, isAssumed: false)
    if let size = options.barSizes[index] {
      bar.size = size
    } else if let least = sizes.min(), sizes.count == present.count {
      bar.size = least
      if Set(sizes).count > 1 {
        report.add(
          .lowered, "bars", "BAR \(index) size", found: texts, settled: least.byteCountText,
          "the smallest; each device must be resized to it, or show its first part")
      }
    } else {
      bar.size = first.kind == .io ? min(256, limit ?? 256) : assumedSize(index, limit: limit)
      bar.isAssumed = true
      report.add(
        .assumed, "bars", "BAR \(index) size", found: texts, settled: bar.size.byteCountText,
        "no dump says it; give it with --bar \(index)=SIZE")
    }
    bars.append(bar)
  }

  private func holdsMSIX(_ index: Int) -> Bool {
    hosts.contains { host in
      host.msix.map { Int($0.table & 7) == index || Int($0.pba & 7) == index } ?? false
    }
  }

  /// The smallest power of two that holds the first device's MSI-X structures, and those that
  /// virtio names, at least the page that VFIO can map, and no more than the alignment of the
  /// addresses allows.
  private func assumedSize(_ index: Int, limit: UInt64?) -> UInt64 {
    var end: UInt64 = 0
    for host in hosts.prefix(1) {
      guard let msix = host.msix else { continue }
      let sizes = MSIXSizes(vectors: UInt64(msix.control & 0x7ff) + 1)
      for (value, size) in [(msix.table, sizes.table), (msix.pba, sizes.pba)]
      where Int(value & 7) == index {
        end = max(end, UInt64(value & ~7) + size)
      }
    }
    for host in hosts { end = max(end, VirtioWindow.end(of: index, host)) }
    var size: UInt64 = 0x1000
    while size < end { size <<= 1 }
    return max(16, min(size, limit ?? size))
  }

  private static func text(_ bar: HostBAR) -> String {
    bar.kind.rawValue + (bar.isPrefetchable ? " prefetchable" : "")
      + (bar.size.map { " \($0.byteCountText)" } ?? "")
  }
}
