/// A guest's access to a configuration space in QEMU's trace: `vfio_pci_read_config` or
/// `vfio_pci_write_config` (`hw/vfio/trace-events`).
struct ConfigAccess {
  /// The device as QEMU calls it: an address, or what stands for it.
  let name: String
  let offset: Int
  /// 1, 2 or 4.
  let byteCount: Int
  let value: UInt64
  let isWrite: Bool

  /// Reads `… vfio_pci_read_config (NAME, @0xOFFSET, len=0xLENGTH) 0xVALUE`, or the same of a
  /// write, which has its value before the length; nil for any other line.
  init?(_ content: ArraySlice<UInt8>) {
    var rest = content
    guard DumpText.has(UInt8(ascii: "@"), in: content) else { return nil }
    if let range = DumpText.range(of: "vfio_pci_read_config", in: content) {
      isWrite = false
      rest = content[range.upperBound...]
    } else if let range = DumpText.range(of: "vfio_pci_write_config", in: content) {
      isWrite = true
      rest = content[range.upperBound...]
    } else {
      return nil
    }
    guard let open = rest.firstIndex(of: UInt8(ascii: "(")),
      let at = DumpText.range(of: ", @0x", in: rest), open < at.lowerBound
    else { return nil }
    name = DumpText.string(rest[(open &+ 1)..<at.lowerBound])
    let place = rest[at.upperBound...].prefix { Digits.value(of: $0) != nil }
    // Behind it are numbers in hexadecimal, with words between them.
    let words = rest[place.endIndex...].split { Digits.value(of: $0) == nil && $0 != 0x78 }
    let numbers = ([place] + words.filter { $0.starts(with: "0x".utf8) }.map { $0.dropFirst(2) })
      .compactMap { Digits.value($0, radix: 16) }
    guard numbers.count >= 3 else { return nil }
    let (length, value) = isWrite ? (numbers[2], numbers[1]) : (numbers[1], numbers[2])
    guard [1, 2, 4].contains(length), numbers[0] < 4096, numbers[0] &+ length <= 4096 else {
      return nil
    }
    offset = Int(numbers[0])
    byteCount = Int(length)
    self.value = value
  }
}

/// A space as far as a trace shows it.
struct TracedSpace {
  let name: String
  /// The line of the first access.
  let line: Int
  private var bytes: [UInt8?] = Array(repeating: nil, count: 4096)
  /// The bytes to which ones were written: a base address register then reads as its size.
  private var sized: Set<Int> = []

  init(_ access: ConfigAccess, line: Int) {
    name = access.name
    self.line = line
  }

  mutating func add(_ access: ConfigAccess) {
    for index in 0..<access.byteCount {
      let byte = UInt8(truncatingIfNeeded: access.value >> UInt64(8 &* index))
      let offset = access.offset &+ index
      if access.isWrite {
        let isSizing = byte == 0xff && (0x10..<0x34).contains(offset)
        if isSizing { sized.insert(offset) } else { sized.remove(offset) }
      } else if !sized.contains(offset) {
        bytes[offset] = byte
      }
    }
  }

  /// Whether a read was seen, without which nothing is known.
  var isKnown: Bool { bytes.contains { $0 != nil } }

  /// The space, of which what was not read is unknown; 256 bytes if nothing behind them was read.
  var space: ConfigSpace {
    get throws(PCIConfigError) {
      let isExtended = bytes[256...].contains { $0 != nil }
      let shown = bytes[..<(isExtended ? 4096 : 256)]
      return try ConfigSpace(shown.map { $0 ?? 0 }, known: shown.map { $0 != nil })
    }
  }
}

extension ConfigSpace {
  /// A space of somebody's dump, of which those bytes are known that `known` has.
  init(_ bytes: [UInt8], known: [Bool]) throws(PCIConfigError) {
    var gaps: [Range<Int>] = []
    var start: Int?
    var index = 0
    while index < known.count {
      if known[index], let first = start {
        gaps.append(first..<index)
        start = nil
      } else if !known[index], start == nil {
        start = index
      }
      index &+= 1
    }
    if let start { gaps.append(start..<known.count) }
    try self.init(bytes, unknownRanges: gaps, isWhole: false)
  }
}
