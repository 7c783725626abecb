import ByteIO
public import MigrationStream
import PCIConfig

extension VFIOConfiguration {
  /// The function that the guest was shown.
  public var pciIdentity: DeviceIdentity.PCIIdentity? {
    guard let space = try? ConfigSpace(space), !space.isAllOnes else { return nil }
    let subsystem = space.subsystem
    return DeviceIdentity.PCIIdentity(
      vendorID: space.vendorID, deviceID: space.deviceID, subsystemVendorID: subsystem?.vendor,
      subsystemID: subsystem?.device, classCode: space.classCode, revisionID: space.revisionID)
  }

  /// The pins and the MSI-X table of the record, and the interrupt registers of the space.
  public var interrupts: InterruptState {
    var interrupts = InterruptState(assertedPins: assertedPins)
    guard let space = try? ConfigSpace(space) else { return interrupts }
    let list = space.capabilityList
    if let capability = list.first(.msix), let control = space.u16(at: capability.offset + 2),
      vectorCount > 0
    {
      interrupts.msix = InterruptState.MSIX(
        control: control, table: msixTable, pendingBits: msixPendingBits)
    }
    if let capability = list.first(.msi) { interrupts.msi = Self.msi(space, capability.offset) }
    return interrupts
  }

  /// The registers of the MSI capability (PCI Local Bus Specification 3.0, 6.8.1).
  private static func msi(_ space: ConfigSpace, _ offset: Int) -> InterruptState.MSI? {
    guard let control = space.u16(at: offset + 2), let low = space.u32(at: offset + 4) else {
      return nil
    }
    let isWide = control & 0x80 != 0
    let high = isWide ? space.u32(at: offset + 8) ?? 0 : 0
    let data = offset + (isWide ? 12 : 8)
    var msi = InterruptState.MSI(
      control: control, address: UInt64(high) << 32 | UInt64(low),
      data: UInt32(space.u16(at: data) ?? 0))
    if control & 0x100 != 0 {
      msi.maskBits = space.u32(at: data + 4) ?? 0
      msi.pendingBits = space.u32(at: data + 8) ?? 0
    }
    return msi
  }

  /// The record with the guest's space and the interrupts of a `.dms` stream, if it has them.
  ///
  /// The record keeps the length of its space, because QEMU reads as many bytes as its device has,
  /// whatever the stream holds: a space of 256 bytes is continued by zeros, and one of 4096 loses
  /// its upper part if that is zeros.
  ///
  /// Throws `mismatch` if QEMU could not load the result in place of this record, at the record of
  /// the `.dms` stream that does not fit; `places` has the offset of each in its file.
  public func replacing(
    _ configuration: ConfigurationRecord?, _ interrupts: InterruptState?,
    recordedAt places: [RecordType: UInt64]
  ) throws(QEMUStreamError) -> VFIOConfiguration {
    let configurationOffset = places[.configurationSpace] ?? 0
    var result = self
    result.isSizeAmbiguous = false
    if let space = configuration?.synthesized {
      guard Self.spaceSizes.contains(space.count) else {
        throw QEMUStreamError(
          .mismatch, at: configurationOffset,
          expected: "a configuration space of 256 or 4096 bytes as QEMU has it",
          found: "\(space.count) bytes")
      }
      guard space.dropFirst(self.space.count).allSatisfy({ $0 == 0 }) else {
        throw QEMUStreamError(
          .mismatch, at: configurationOffset,
          expected: "a configuration space of \(self.space.count) bytes as the stream's device has",
          found: "\(space.count) bytes, more than zeros among those beyond")
      }
      result.space = Array(space.prefix(self.space.count))
      result.space += [UInt8](repeating: 0, count: self.space.count - result.space.count)
    }
    if let pins = interrupts?.assertedPins { result.assertedPins = pins }
    if let msix = interrupts?.msix {
      result.msixTable = msix.table
      result.msixPendingBits = Array(msix.pendingBits.prefix((msix.table.count / 16 + 7) / 8))
    }
    let vectors = Self.vectorCount(of: result.space) ?? 0
    guard result.vectorCount == vectors else {
      throw QEMUStreamError(
        .mismatch,
        at: interrupts?.msix == nil
          ? configurationOffset : places[.interruptState] ?? configurationOffset,
        expected: "an interrupt record with the \(vectors) MSI-X vectors of the space",
        found: "\(result.vectorCount) vectors")
    }
    return result
  }
}
