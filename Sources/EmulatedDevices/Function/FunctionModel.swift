public import Devices
public import MigrationStream

/// A model of a PCI function behind a vfio-pci driver: what it shows besides its state is its function's.
public protocol FunctionModel: DeviceModel {
  var function: EmulatedFunction { get set }
}

extension FunctionModel {
  public var pciIdentity: DeviceIdentity.PCIIdentity? { function.pciIdentity }
  public var regions: [DeviceIdentity.Region] { function.regions }
  public var configuration: [UInt8] { function.configuration }
  public var addressSpaceAbilities: AddressSpaceAbilities { AddressSpaceAbilities() }

  public func writeConfiguration(_ bytes: [UInt8], at offset: Int) {
    for (index, byte) in bytes.enumerated() { function.write(byte, at: offset + index) }
  }
}
