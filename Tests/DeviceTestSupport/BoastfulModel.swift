package import Devices
package import EmulatedDevices
package import MigrationStream
package import StateTranslation

/// A driver that answers as its model does, but says that as much is left as can be said.
package final class BoastfulModel: DeviceModel {
  private let base: any DeviceModel

  package init(_ base: any DeviceModel) { self.base = base }

  package func preCopyInformation() throws(LinuxErrno) -> PreCopyInformation {
    PreCopyInformation(initialByteCount: .max, dirtyByteCount: .max)
  }

  package func stopCopyByteCount() throws(LinuxErrno) -> UInt64 { .max }

  package var driver: String { base.driver }
  package var abilities: MigrationAbilities { base.abilities }
  package var pciIdentity: DeviceIdentity.PCIIdentity? { base.pciIdentity }
  package var regions: [DeviceIdentity.Region] { base.regions }
  package var configuration: [UInt8] { base.configuration }
  package var addressSpaceAbilities: AddressSpaceAbilities { base.addressSpaceAbilities }
  package var facts: DeviceFacts { base.facts }
  package var digest: String { base.digest }
  package func writeConfiguration(_ bytes: [UInt8], at offset: Int) {
    base.writeConfiguration(bytes, at: offset)
  }
  package func take(_ arc: MigrationArc) throws(LinuxErrno) { try base.take(arc) }
  package func read(into span: inout MutableRawSpan, in state: MigrationState) throws(LinuxErrno)
    -> Int
  {
    try base.read(into: &span, in: state)
  }
  package func write(_ bytes: RawSpan) throws(LinuxErrno) -> Int { try base.write(bytes) }
  package func reset() { base.reset() }
}
