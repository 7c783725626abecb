public import MigrationStream

/// A device whose requests can carry PASIDs, each translated by an address space of its own.
public protocol PASIDDevice: AnyObject {
  /// What can be attached to the device.
  ///
  /// The corresponding ioctl is `IOMMU_GET_HW_INFO`.
  func addressSpaceAbilities() throws(DeviceError) -> AddressSpaceAbilities

  /// Makes the address spaces that bindings name, and puts the device's own requests into one that
  /// allows PASIDs.
  ///
  /// The corresponding ioctl is `IOMMU_HWPT_ALLOC`. After an error none of them is left.
  func allocate(_ domains: [PASIDTable.Domain]) throws(DeviceError)

  /// Has requests with a PASID translated by an allocated domain, in place of the one that did
  /// before.
  ///
  /// The corresponding ioctl is `VFIO_DEVICE_ATTACH_IOMMUFD_PT` with `VFIO_DEVICE_ATTACH_PASID`.
  func attach(_ binding: PASIDTable.Binding) throws(DeviceError)

  /// Undoes `attach(_:)`.
  ///
  /// The corresponding ioctl is `VFIO_DEVICE_DETACH_IOMMUFD_PT` with `VFIO_DEVICE_DETACH_PASID`.
  func detach(pasid: UInt32) throws(DeviceError)

  /// An open file that a domain's page requests come out of, and answers go into; nil if its
  /// requests go to no queue. It stays the device's.
  ///
  /// The file is that of `IOMMU_FAULT_QUEUE_ALLOC`.
  func faultQueue(ofDomain id: UInt32) -> Int32?

  /// Undoes `allocate(_:)`, once nothing is attached.
  func releaseDomains()
}

extension MigratableDevice {
  /// What PASIDs can be attached to the device; none if its family has none.
  public func pasidAbilities() throws(DeviceError) -> AddressSpaceAbilities {
    try (self as? any PASIDDevice)?.addressSpaceAbilities() ?? AddressSpaceAbilities()
  }
}
