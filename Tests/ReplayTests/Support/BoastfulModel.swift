import MigrationStream
import Replay
import StateLayout

/// A driver that answers as its model does, but says that as much is left as can be said.
final class BoastfulModel: DeviceModel {
  private let base: any DeviceModel

  init(_ base: any DeviceModel) { self.base = base }

  func preCopyInformation() throws(ErrorNumber) -> PreCopyInformation {
    PreCopyInformation(initialByteCount: .max, dirtyByteCount: .max)
  }

  func stopCopyByteCount() throws(ErrorNumber) -> UInt64 { .max }

  var driver: String { base.driver }
  var abilities: MigrationAbilities { base.abilities }
  var pciIdentity: DeviceIdentity.PCIIdentity? { base.pciIdentity }
  var regions: [DeviceIdentity.Region] { base.regions }
  var configuration: [UInt8] { base.configuration }
  var addressSpaceAbilities: AddressSpaceAbilities { base.addressSpaceAbilities }
  var facts: DeviceFacts { base.facts }
  var digest: String { base.digest }
  func writeConfiguration(_ bytes: [UInt8], at offset: Int) {
    base.writeConfiguration(bytes, at: offset)
  }
  func take(_ arc: MigrationArc) throws(ErrorNumber) { try base.take(arc) }
  func read(into span: inout MutableRawSpan, in state: MigrationState) throws(ErrorNumber) -> Int {
    try base.read(into: &span, in: state)
  }
  func write(_ bytes: RawSpan) throws(ErrorNumber) -> Int { try base.write(bytes) }
  func reset() { base.reset() }
}
