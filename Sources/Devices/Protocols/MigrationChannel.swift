/// The way that a device's state takes out of the device, or into it: what the kernel calls the
/// data_fd.
public protocol MigrationChannel: AnyObject {
  /// Reads once into the front of `span` and returns how many bytes.
  ///
  /// While the device runs, 0 and ENOMSG both mean that there is nothing now (drivers differ: mlx5
  /// and virtio answer ENOMSG, mtty, hisi_acc and qat 0); in STOP_COPY 0 is the end, and ENOMSG an
  /// error.
  func read(into span: inout MutableRawSpan) throws(DeviceError) -> Int

  /// Writes from the front of `bytes` and returns how many were taken.
  func write(_ bytes: RawSpan) throws(DeviceError) -> Int

  /// How much there is to read while the device runs.
  ///
  /// The corresponding ioctl is `VFIO_MIG_GET_PRECOPY_INFO`.
  func preCopyInformation() throws(DeviceError) -> PreCopyInformation
}
