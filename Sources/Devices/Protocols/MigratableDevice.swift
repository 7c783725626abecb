public import MigrationStream

/// A device as the engines see it: what it is, and its migration state.
///
/// What else there is of a device are protocols of their own, which a family of devices conforms to
/// or not: ``ConfigurableDevice``, ``RegionDevice``, ``InterruptDevice``, ``DMADevice``,
/// ``PASIDDevice``. A device that cannot migrate has no abilities.
///
/// A device is one thing that several may hold on to, so it is an object. Calls may block; none is
/// made from two threads at a time.
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
  /// The corresponding feature is `VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE` with
  /// `VFIO_DEVICE_FEATURE_GET`.
  func state() throws(DeviceError) -> MigrationState

  /// Takes the device to `target`, over several arcs if it must; gives the data channel that the
  /// last arc opened.
  ///
  /// After an error the device is where the failing arc began, or in ERROR.
  ///
  /// The corresponding feature is `VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE` with
  /// `VFIO_DEVICE_FEATURE_SET`.
  func transition(to target: MigrationState) throws(DeviceError) -> (any MigrationChannel)?

  /// Whether sizes of state can be asked for, ahead of the stop and in pre-copy; not where the
  /// protocol that the device is reached by has no such request.
  var tellsStateSizes: Bool { get }

  /// The driver's estimate of what is still to be read once the device stops.
  ///
  /// The corresponding feature is `VFIO_DEVICE_FEATURE_MIG_DATA_SIZE`.
  func stopCopyByteCount() throws(DeviceError) -> UInt64

  /// Brings the device to RUNNING, whatever state it is in.
  ///
  /// The corresponding ioctl is `VFIO_DEVICE_RESET`.
  func reset() throws(DeviceError)
}

extension MigratableDevice {
  /// True: the kernel's drivers have both requests.
  public var tellsStateSizes: Bool { true }
}
