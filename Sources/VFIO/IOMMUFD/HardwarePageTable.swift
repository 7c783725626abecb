private import CVFIO
public import Devices

/// A hardware page table (HWPT): an address space as an IOMMU translates by it.
public struct HardwarePageTable: ~Copyable {
  /// The context that the page table was made in.
  public let iommufd: IOMMUFD
  /// The object's number in the context.
  public let id: UInt32

  /// `IOMMU_HWPT_ALLOC_…`.
  public struct Flags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Guest page tables can be nested under it.
    public static var nestParent: Self { Self(rawValue: 1) }
    public static var dirtyTracking: Self { Self(rawValue: 2) }
    /// A device, or one of its PASIDs, may be attached while the device has PASIDs attached. From
    /// Linux 6.15 on.
    public static var pasid: Self { Self(rawValue: 8) }
  }

  /// Makes one of the I/O address space, or the page table, that has the number `parent`, for a
  /// bound device.
  ///
  /// With data it is a guest's own page table, nested under `parent`. Page requests go to the queue
  /// with the number `faultQueue`, if there is one.
  ///
  /// The corresponding ioctl is `IOMMU_HWPT_ALLOC`.
  public init(
    in iommufd: IOMMUFD, device: UInt32, parent: UInt32, flags: Flags = [], dataType: UInt32 = 0,
    data: [UInt8] = [], faultQueue: UInt32? = nil
  ) throws(LinuxErrno) {
    var request = cvfio_iommu_hwpt_alloc()
    request.size = UInt32(MemoryLayout.size(ofValue: request))
    request.flags = flags.rawValue
    request.dev_id = device
    request.pt_id = parent
    request.data_type = dataType
    request.data_len = UInt32(clamping: data.count)
    if let faultQueue {
      request.flags |= UInt32(CVFIO_IOMMU_HWPT_FAULT_ID_VALID)
      request.fault_id = faultQueue
    }
    var argument = IoctlArgument(
      request, memory: data.isEmpty ? nil : .init(pointerOffset: 32, bytes: data))
    try iommufd.control(.allocatePageTable, &argument)
    self.iommufd = iommufd
    id = argument.load(cvfio_iommu_hwpt_alloc.self).out_hwpt_id
  }

  deinit { iommufd.destroy(id) }
}
