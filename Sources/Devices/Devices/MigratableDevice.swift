public import MigrationStream

/// A device as the engines see it: one in the kernel, or an emulated one.
///
/// A device is one thing that several may hold on to, so it is an object. Calls may block; none is made from two threads at
/// a time.
public protocol MigratableDevice: AnyObject {
  /// What the operator calls the device.
  var name: String { get }

  /// What the device is; abilities and size of the state need not be filled in.
  func identity() throws(DeviceError) -> DeviceIdentity

  /// What the driver can do. A driver that cannot migrate has none.
  ///
  /// The corresponding feature is `VFIO_DEVICE_FEATURE_MIGRATION`, whose ENOTTY means none.
  func abilities() throws(DeviceError) -> MigrationAbilities

  /// Where the device is now, as the driver says.
  ///
  /// The corresponding feature is `VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE` with `VFIO_DEVICE_FEATURE_GET`.
  func state() throws(DeviceError) -> MigrationState

  /// Takes the device to `target`, over several arcs where it must; gives the data channel that the last arc opened.
  ///
  /// After an error the device is where the failing arc began, or in ERROR.
  ///
  /// The corresponding feature is `VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE` with `VFIO_DEVICE_FEATURE_SET`.
  func transition(to target: MigrationState) throws(DeviceError) -> (any MigrationChannel)?

  /// The driver's estimate of what is still to be read once the device stops.
  ///
  /// The corresponding feature is `VFIO_DEVICE_FEATURE_MIG_DATA_SIZE`.
  func stopCopyByteCount() throws(DeviceError) -> UInt64

  /// Brings the device to RUNNING, whatever state it is in.
  ///
  /// The corresponding ioctl is `VFIO_DEVICE_RESET`.
  func reset() throws(DeviceError)

  /// The configuration region, all of it.
  func configurationSpace() throws(DeviceError) -> [UInt8]

  /// Writes to the configuration region; a register may keep other bits than it was given.
  func writeConfiguration(_ bytes: [UInt8], at offset: Int) throws(DeviceError)

  /// What can be attached to the device.
  ///
  /// The corresponding ioctl is `IOMMU_GET_HW_INFO`.
  func addressSpaceAbilities() throws(DeviceError) -> AddressSpaceAbilities

  /// Makes the address spaces that bindings name, and puts the device's own requests into one that allows PASIDs.
  ///
  /// The corresponding ioctl is `IOMMU_HWPT_ALLOC`. After an error none of them is left.
  func allocate(_ domains: [PASIDTable.Domain]) throws(DeviceError)

  /// Has requests with a PASID translated by an allocated domain.
  ///
  /// The corresponding ioctl is `VFIO_DEVICE_ATTACH_IOMMUFD_PT` with `VFIO_DEVICE_ATTACH_PASID`.
  func attach(_ binding: PASIDTable.Binding) throws(DeviceError)

  /// Undoes `attach(_:)`.
  func detach(pasid: UInt32) throws(DeviceError)

  /// Undoes `allocate(_:)`, once nothing is attached.
  func releaseDomains()
}
