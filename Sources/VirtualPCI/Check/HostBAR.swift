import PCIConfig

/// Reads the base address registers of a header, or those for virtual functions of an SR-IOV
/// capability.
struct HostBARReader {
  private(set) var bars: [HostBAR?] = Array(repeating: nil, count: 6)

  /// - Parameters:
  ///   - registers: where the first register lies; nil if they are not known.
  ///   - named: BARs that a capability names; such a register that reads 0 is an unassigned 32-bit
  ///     one.
  ///   - resizable: the Resizable BAR capability, whose control registers say the sizes in use.
  init(
    _ space: ConfigSpace, registers: Int?, named: Set<Int>, resizable: Capability?,
    sizes: [Int: UInt64]
  ) {
    guard let registers else { return }
    let current = resizable.map { Self.currentSizes(space, $0) } ?? [:]
    var index = 0
    while index < 6 {
      guard let value = space.u32(at: registers + 4 * index) else { return }
      let high = index < 5 ? space.u32(at: registers + 4 * index + 4) ?? 0 : 0
      let type = value & 0x7
      let kind: ProfileBAR.Kind = value & 1 != 0 ? .io : type == 0x4 ? .mem64 : .mem32
      let address =
        UInt64(value & ~kind.typeMask) | (kind == .mem64 ? UInt64(high) << 32 : 0)
      let known = sizes[index] ?? current[index]
      if value != 0 || known != nil || named.contains(index) {
        bars[index] = HostBAR(
          kind: kind, isPrefetchable: kind != .io && value & 0x8 != 0, size: known,
          sizeLimit: address == 0 ? nil : address & (~address &+ 1))
      }
      index += kind == .mem64 ? 2 : 1
    }
  }

  /// PCIe 7.8.6.3: each pair of registers has the BAR's index in bits 0 to 2 and its size as a
  /// power of two MiB in bits 8 to 13 of the second one; the number of pairs is in bits 5 to 7 of
  /// the first pair.
  private static func currentSizes(_ space: ConfigSpace, _ capability: Capability) -> [Int: UInt64]
  {
    var sizes: [Int: UInt64] = [:]
    let count = (space.u32(at: capability.offset + 8) ?? 0) >> 5 & 7
    for index in 0..<Int(count) {
      guard let control = space.u32(at: capability.offset + 8 + 8 * index) else { break }
      let exponent = UInt64(control >> 8 & 0x3f)
      if exponent <= 43 { sizes[Int(control & 7)] = 1 << (20 + exponent) }
    }
    return sizes
  }
}

/// What is known of a base address register of a device, whose size no configuration space says.
public struct HostBAR: Sendable, Hashable {
  /// The address space that the BAR asks for.
  public let kind: ProfileBAR.Kind
  /// Whether the BAR is marked as free of side effects on reads.
  public let isPrefetchable: Bool
  /// The size, if somebody says it: the operator, or a Resizable BAR capability.
  public let size: UInt64?
  /// The size is at most this, because the address is a multiple of the size.
  public let sizeLimit: UInt64?
}
