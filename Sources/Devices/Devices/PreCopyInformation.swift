/// How much a device that still runs has to read (`struct vfio_precopy_info`,
/// include/uapi/linux/vfio.h).
public struct PreCopyInformation: Sendable, Hashable {
  /// What is left of the data that should be read before the device stops.
  public var initialByteCount: UInt64
  /// What changed since it was read.
  public var dirtyByteCount: UInt64
  /// `VFIO_PRECOPY_INFO_REINIT`, from Linux 7.1 on: there are new initial data. False if the
  /// kernel does not tell.
  public var isReinitialized: Bool

  /// What a driver says; that there are new initial data only if it does.
  public init(
    initialByteCount: UInt64, dirtyByteCount: UInt64, isReinitialized: Bool = false
  ) {
    self.initialByteCount = initialByteCount
    self.dirtyByteCount = dirtyByteCount
    self.isReinitialized = isReinitialized
  }
}
