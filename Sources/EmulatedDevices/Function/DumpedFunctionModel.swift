import Devices
import MigrationStream
public import PCIConfig
import StateTranslation

/// A PCI function as a dump shows it: its configuration space, of which a guest can write the
/// command register, the BARs and the interrupt line, and BARs that are memory. It cannot migrate.
final class DumpedFunctionModel: DeviceModel {
  private var registers: [UInt8]
  private let initial: [UInt8]
  private let barSizes: [Int: UInt64]
  private let space: ConfigSpace

  init(_ function: DumpedDevice) {
    space = function.space
    initial = space.bytes
    registers = space.bytes
    var sizes: [Int: UInt64] = [:]
    for bar in space.baseAddresses {
      sizes[bar.index] =
        function.barSizes[bar.index] ?? (bar.kind == .io ? Self.ioByteCount : Self.memoryByteCount)
    }
    barSizes = sizes
  }

  // The sizes of BARs that the dump does not tell.
  private static let memoryByteCount: UInt64 = 16 << 10
  private static let ioByteCount: UInt64 = 32

  var driver: String { "function" }
  var abilities: MigrationAbilities { [] }
  var configuration: [UInt8] { registers }
  var facts: DeviceFacts { DeviceFacts() }
  var digest: String { EmulatedDevices.digest(of: registers) }

  var pciIdentity: DeviceIdentity.PCIIdentity? {
    DeviceIdentity.PCIIdentity(
      vendorID: space.vendorID, deviceID: space.deviceID,
      subsystemVendorID: space.subsystem?.vendor, subsystemID: space.subsystem?.device,
      classCode: space.classCode, revisionID: space.revisionID)
  }

  var regions: [DeviceIdentity.Region] {
    (0..<9 as Range<UInt32>).map { index in
      let size = index == 7 ? UInt64(registers.count) : barSizes[Int(index)] ?? 0
      return DeviceIdentity.Region(index: index, flags: size > 0 ? 3 : 0, byteCount: size)
    }
  }

  /// As wide as the function's own PASID capability says (PCIe 7.8.9).
  var addressSpaceAbilities: AddressSpaceAbilities {
    guard
      let start = space.capabilityList.capabilities.first(where: {
        $0.id == CapabilityID(extended: 0x1b)
      })?.offset, start + 6 <= registers.count
    else { return AddressSpaceAbilities() }
    var permissions: PASIDTable.Binding.Permissions = []
    if registers[start + 4] & 0x02 != 0 { permissions.insert(.execute) }
    if registers[start + 4] & 0x04 != 0 { permissions.insert(.privileged) }
    return AddressSpaceAbilities(
      pasidWidth: Int(registers[start + 5] & 0x1f), permissions: permissions)
  }

  func writeConfiguration(_ bytes: [UInt8], at offset: Int) {
    for (place, byte) in zip(offset..., bytes) where place < registers.count {
      let mask = writableBits(place)
      registers[place] = registers[place] & ~mask | byte & mask
    }
  }

  /// The command register, the addresses of BARs above their sizes, and the interrupt line.
  private func writableBits(_ place: Int) -> UInt8 {
    switch place {
    case 0x04: return 0x47
    case 0x05: return 0x05
    case 0x0c, 0x3c: return 0xff
    case 0x10..<0x28:
      let number = (place - 0x10) / 4
      let (index, shift) =
        barSizes[number] != nil
        ? (number, place - 0x10 - 4 * number)
        : (
          number - 1, place - 0x10 - 4 * number + 4
        )
      guard let size = barSizes[index], shift < 4 || space.isWide(bar: index) else { return 0 }
      return UInt8(truncatingIfNeeded: ~(size - 1) >> UInt64(8 * shift))
    default: return 0
    }
  }

  func take(_ arc: MigrationArc) throws(LinuxErrno) { throw .notSupportedByDriver }
  func read(
    into span: inout MutableRawSpan, in state: MigrationState
  ) throws(LinuxErrno) -> Int { throw .notSupportedByDriver }
  func write(_ bytes: RawSpan) throws(LinuxErrno) -> Int { throw .notSupportedByDriver }
  func preCopyInformation() throws(LinuxErrno) -> PreCopyInformation {
    throw .notSupportedByDriver
  }
  func stopCopyByteCount() throws(LinuxErrno) -> UInt64 { throw .notSupportedByDriver }

  func reset() { registers = initial }
}

extension ConfigSpace {
  /// Whether a BAR has two registers.
  fileprivate func isWide(bar index: Int) -> Bool {
    baseAddresses.first { $0.index == index }?.kind == .mem64
  }
}

extension EmulatedDevice {
  /// A function with the configuration space of a dump, and memory in its BARs.
  public convenience init(_ name: String, function: DumpedDevice) {
    self.init(name, model: DumpedFunctionModel(function)) { DumpedFunctionModel(function) }
  }
}
