import Devices
public import MigrationStream
import PCIConfig
import StateTranslation
public import VirtualPCI

/// A register that a guest programs and no driver carries in its state: VMMs lose these on the way.
///
/// Device Control but phantom functions, Device Control 2 but ARI forwarding, the AER masks and
/// severity. What concerns ATS, PRI, PASID and the link is the host's there, and never written.
public struct GuestRegister: Sendable, Hashable {
  /// The name of the register in the PCI Express specification.
  public var name: String
  /// Where the target has it.
  public var offset: Int
  /// 2 or 4.
  public var byteCount: Int
  /// The bits that are restored.
  public var mask: UInt32
  /// What the whole register is given, the bits that are not restored included.
  public var value: UInt32

  private struct Place {
    let name: String
    let capability: CapabilityID
    let offset: Int
    let byteCount: Int
    let mask: UInt32
  }

  // PCIe 7.5.3.4 (bit 9 phantom functions, bit 15 function-level reset), 7.5.3.16 (bit 5 ARI
  // forwarding), 7.8.4.
  private static let places: [Place] = [
    Place(
      name: "Device Control", capability: .pciExpress, offset: 0x08, byteCount: 2, mask: 0x7dff),
    Place(
      name: "Device Control 2", capability: .pciExpress, offset: 0x28, byteCount: 2, mask: 0xffdf),
    Place(
      name: "AER Uncorrectable Error Mask", capability: .advancedErrorReporting, offset: 0x08,
      byteCount: 4, mask: .max),
    Place(
      name: "AER Uncorrectable Error Severity", capability: .advancedErrorReporting, offset: 0x0c,
      byteCount: 4, mask: .max),
    Place(
      name: "AER Correctable Error Mask", capability: .advancedErrorReporting, offset: 0x14,
      byteCount: 4, mask: .max),
  ]

  /// The registers of `record` that `target`, a configuration space, has other values in; none
  /// if either is no configuration space of a function with these capabilities.
  ///
  /// A guest that was shown a synthesised space programs a register only if that has it, and
  /// only the bits that the VMM does not keep for itself. `shown` is that space if it is another
  /// than the record's. A record without the physical space, as a translation leaves it, has those
  /// bits in the synthesised one.
  public static func differences(
    from record: ConfigurationRecord, to target: [UInt8], shown: ConfigSpaceState? = nil
  ) -> [GuestRegister] {
    guard let seen = record.physical ?? record.synthesized, let source = try? ConfigSpace(seen),
      let target = try? ConfigSpace(target)
    else { return [] }
    let sourceList = source.capabilityList
    let targetList = target.capabilityList
    let guest = GuestView(shown ?? ConfigSpaceState(record))
    return places.compactMap { place in
      guard let from = sourceList.first(place.capability),
        let to = targetList.first(place.capability),
        let value = source.load(from.offset + place.offset, byteCount: place.byteCount),
        let old = target.load(to.offset + place.offset, byteCount: place.byteCount)
      else { return nil }
      let mask = place.mask & guest.deviceBits(of: place)
      guard UInt32(truncatingIfNeeded: value ^ old) & mask != 0 else { return nil }
      return GuestRegister(
        name: place.name, offset: to.offset + place.offset, byteCount: place.byteCount, mask: mask,
        value: UInt32(truncatingIfNeeded: old) & ~mask | UInt32(truncatingIfNeeded: value) & mask)
    }
  }

  /// What a guest was shown, which has capabilities at places of its own.
  private struct GuestView {
    private let shown: ConfigSpaceState?
    private let capabilities: CapabilityList?

    init(_ shown: ConfigSpaceState?) {
      self.shown = shown
      capabilities = shown.flatMap { try? ConfigSpace($0.synthesized).capabilityList }
    }

    /// The bits of a register that the guest reaches the device by: all of them if it was shown
    /// the device's own space, none if it was shown no such capability.
    func deviceBits(of place: Place) -> UInt32 {
      guard let shown else { return .max }
      guard let capability = capabilities?.first(place.capability) else { return 0 }
      let offset = capability.offset + place.offset
      guard offset + place.byteCount <= shown.emulatedBits.count else { return 0 }
      return (0..<place.byteCount).reduce(0) {
        $0 | UInt32(~shown.emulatedBits[offset + $1]) << UInt32(8 * $1)
      }
    }
  }

  func write(to device: any ConfigurableDevice) throws(DeviceError) {
    try device.writeConfiguration(value, at: offset, byteCount: byteCount)
  }

  /// The same register with the value that it has in `space`, a configuration space.
  func holding(_ space: [UInt8]) -> GuestRegister {
    var register = self
    register.value = (0..<byteCount).reduce(0) {
      $0 | UInt32(space[offset + $1]) << UInt32(8 * $1)
    }
    return register
  }

  /// The bits that `space` has otherwise.
  func droppedBits(in space: [UInt8]) -> UInt32 {
    guard offset + byteCount <= space.count else { return mask }
    return (holding(space).value ^ value) & mask
  }
}
