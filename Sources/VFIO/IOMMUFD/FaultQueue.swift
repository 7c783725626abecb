private import CVFIO
public import Devices
public import SystemPackage

/// Where the page requests of devices come out (an I/O page fault queue of iommufd).
public struct FaultQueue: ~Copyable {
  /// The context that the queue was made in.
  public let iommufd: IOMMUFD
  /// The object's number in the context.
  public let id: UInt32
  /// The requests are read from it, and answered by writing to it.
  public let descriptor: FileDescriptor

  /// Makes one.
  ///
  /// The corresponding ioctl is `IOMMU_FAULT_QUEUE_ALLOC`.
  public init(in iommufd: IOMMUFD) throws(LinuxErrno) {
    var request = cvfio_iommu_fault_alloc()
    request.size = UInt32(MemoryLayout.size(ofValue: request))
    var argument = IoctlArgument(request)
    try iommufd.control(.allocateFaultQueue, &argument)
    let answer = argument.load(cvfio_iommu_fault_alloc.self)
    self.iommufd = iommufd
    id = answer.out_fault_id
    descriptor = FileDescriptor(rawValue: Int32(bitPattern: answer.out_fault_fd))
  }

  // In this order: the open file keeps the queue from being destroyed.
  deinit {
    iommufd.kernel.close(descriptor)
    iommufd.destroy(id)
  }
}
