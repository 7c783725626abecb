private import CVFIO
public import Devices

/// An I/O address space (IOAS): what a device's addresses mean.
public struct IOAddressSpace: ~Copyable {
  /// The context that the address space was made in.
  public let iommufd: IOMMUFD
  /// The object's number in the context.
  public let id: UInt32
  let isOwned: Bool

  /// Makes an empty one.
  ///
  /// The corresponding ioctl is `IOMMU_IOAS_ALLOC`.
  public init(in iommufd: IOMMUFD) throws(LinuxErrno) {
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

  /// Has the device see memory of this process, from `address` on, at `range` of its own addresses.
  ///
  /// The memory must stay mapped in the process until `unmap`. The corresponding ioctl is
  /// `IOMMU_IOAS_MAP`.
  public borrowing func map(
    _ range: AddressRange, to address: UInt, for access: DMAAccess = [.read, .write]
  ) throws(LinuxErrno) {
    var request = cvfio_iommu_ioas_map()
    request.size = UInt32(MemoryLayout.size(ofValue: request))
    request.flags = UInt32(CVFIO_IOMMU_IOAS_MAP_FIXED_IOVA)
    if access.contains(.read) { request.flags |= UInt32(CVFIO_IOMMU_IOAS_MAP_READABLE) }
    if access.contains(.write) { request.flags |= UInt32(CVFIO_IOMMU_IOAS_MAP_WRITEABLE) }
    request.ioas_id = id
    request.user_va = UInt64(address)
    request.length = range.byteCount
    request.iova = range.start
    var argument = IoctlArgument(request)
    try iommufd.control(.map, &argument)
  }

  /// Has the device see part of a file in memory, from `offset` on, which need not be mapped in
  /// this process.
  ///
  /// The corresponding ioctl is `IOMMU_IOAS_MAP_FILE` (Linux 6.13).
  public borrowing func map(
    _ range: AddressRange, file: Int32, offset: UInt64, for access: DMAAccess
  ) throws(LinuxErrno) {
    var request = cvfio_iommu_ioas_map_file()
    request.size = UInt32(MemoryLayout.size(ofValue: request))
    request.flags = UInt32(CVFIO_IOMMU_IOAS_MAP_FIXED_IOVA)
    if access.contains(.read) { request.flags |= UInt32(CVFIO_IOMMU_IOAS_MAP_READABLE) }
    if access.contains(.write) { request.flags |= UInt32(CVFIO_IOMMU_IOAS_MAP_WRITEABLE) }
    request.ioas_id = id
    request.fd = file
    request.start = offset
    request.length = range.byteCount
    request.iova = range.start
    var argument = IoctlArgument(request)
    try iommufd.control(.mapFile, &argument)
  }

  /// Undoes a map; how many bytes it was of.
  ///
  /// The corresponding ioctl is `IOMMU_IOAS_UNMAP`.
  @discardableResult
  public borrowing func unmap(_ range: AddressRange) throws(LinuxErrno) -> UInt64 {
    var request = cvfio_iommu_ioas_unmap()
    request.size = UInt32(MemoryLayout.size(ofValue: request))
    request.ioas_id = id
    request.iova = range.start
    request.length = range.byteCount
    var argument = IoctlArgument(request)
    try iommufd.control(.unmap, &argument)
    return argument.load(cvfio_iommu_ioas_unmap.self).length
  }
}
