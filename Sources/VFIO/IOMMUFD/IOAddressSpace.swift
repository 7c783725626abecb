private import CVFIO
public import Devices

/// An I/O address space (IOAS): what a device's addresses mean.
public struct IOAddressSpace: ~Copyable {
  /// The context that the address space was made in.
  public let iommufd: IOMMUFD
  /// The object's number in the context.
  public let id: UInt32
  let isOwned: Bool

  /// What a device may do with mapped memory.
  public struct Access: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static var write: Self { Self(rawValue: UInt32(CVFIO_IOMMU_IOAS_MAP_WRITEABLE)) }
    public static var read: Self { Self(rawValue: UInt32(CVFIO_IOMMU_IOAS_MAP_READABLE)) }
  }

  /// Makes an empty one.
  ///
  /// The corresponding ioctl is `IOMMU_IOAS_ALLOC`.
  public init(in iommufd: IOMMUFD) throws(ErrorNumber) {
    var request = cvfio_iommu_ioas_alloc()
    request.size = UInt32(MemoryLayout.size(ofValue: request))
    var argument = IoctlArgument(request)
    try iommufd.control(.allocateAddressSpace, &argument)
    self.iommufd = iommufd
    id = argument.load(cvfio_iommu_ioas_alloc.self).out_ioas_id
    isOwned = true
  }

  /// Takes one that is there and stays its owner's.
  public init(inherited id: UInt32, in iommufd: IOMMUFD) {
    self.iommufd = iommufd
    self.id = id
    isOwned = false
  }

  deinit { if isOwned { iommufd.destroy(id) } }

  /// Has the device see `byteCount` bytes of this process, from `address` on, at `iova`.
  ///
  /// The memory must stay mapped in the process until `unmap`. The corresponding ioctl is
  /// `IOMMU_IOAS_MAP`.
  public borrowing func map(
    address: UInt, byteCount: UInt64, at iova: UInt64, for access: Access = [.read, .write]
  ) throws(ErrorNumber) {
    var request = cvfio_iommu_ioas_map()
    request.size = UInt32(MemoryLayout.size(ofValue: request))
    request.flags = UInt32(CVFIO_IOMMU_IOAS_MAP_FIXED_IOVA) | access.rawValue
    request.ioas_id = id
    request.user_va = UInt64(address)
    request.length = byteCount
    request.iova = iova
    var argument = IoctlArgument(request)
    try iommufd.control(.map, &argument)
  }

  /// Undoes a map; how many bytes it was of.
  ///
  /// The corresponding ioctl is `IOMMU_IOAS_UNMAP`.
  @discardableResult
  public borrowing func unmap(at iova: UInt64, byteCount: UInt64) throws(ErrorNumber) -> UInt64 {
    var request = cvfio_iommu_ioas_unmap()
    request.size = UInt32(MemoryLayout.size(ofValue: request))
    request.ioas_id = id
    request.iova = iova
    request.length = byteCount
    var argument = IoctlArgument(request)
    try iommufd.control(.unmap, &argument)
    return argument.load(cvfio_iommu_ioas_unmap.self).length
  }
}
