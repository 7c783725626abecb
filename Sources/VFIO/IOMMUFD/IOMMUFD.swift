private import CVFIO
public import Devices
public import SystemPackage

/// An open `/dev/iommu`: what address spaces and page tables belong to.
///
/// Several hold on to it, for their objects end with it, so it is an object. Errors are those of
/// the calls.
public final class IOMMUFD {
  /// The device file that opens a context.
  public static let path = "/dev/iommu"

  let kernel: any KernelInterface
  private let handle: KernelDescriptor
  /// Whether objects stay in the kernel when their owners here go: once the descriptor was handed
  /// to another process, they are that one's.
  public private(set) var isHandedOver = false

  /// Opens it; `path` is another than the usual one if the host's files are seen elsewhere.
  public init(
    in kernel: any KernelInterface, path: String = IOMMUFD.path
  ) throws(LinuxErrno) {
    self.kernel = kernel
    handle = KernelDescriptor(try kernel.open(path, .readWrite), in: kernel)
  }

  /// Takes one that is open and stays its owner's.
  public init(inherited descriptor: FileDescriptor, in kernel: any KernelInterface) {
    self.kernel = kernel
    handle = KernelDescriptor(descriptor, in: kernel, isOwned: false)
  }

  /// The context's descriptor, which stays open as long as this value.
  public var descriptor: FileDescriptor { handle.number }

  /// Leaves every object to whoever else has the descriptor.
  public func handOver() { isHandedOver = true }

  @discardableResult
  func control(
    _ request: IoctlRequest, _ argument: inout IoctlArgument
  ) throws(LinuxErrno) -> Int32 {
    try kernel.control(descriptor, request, &argument)
  }

  /// Destroys an object whose owner goes; if that fails, it is in use, and goes with the
  /// descriptor.
  func destroy(_ id: UInt32) {
    guard !isHandedOver else { return }
    var request = cvfio_iommu_destroy()
    request.size = UInt32(MemoryLayout.size(ofValue: request))
    request.id = id
    var argument = IoctlArgument(request)
    _ = try? control(.destroy, &argument)
  }

  /// What the IOMMU of a bound device can do.
  ///
  /// The corresponding ioctl is `IOMMU_GET_HW_INFO`.
  public func hardwareInformation(device: UInt32) throws(LinuxErrno) -> HardwareInformation {
    // Room for any vendor's structure; the kernel says how much of it is its own.
    let room = [UInt8](repeating: 0, count: 256)
    var request = cvfio_iommu_hw_info()
    request.size = UInt32(MemoryLayout.size(ofValue: request))
    request.dev_id = device
    request.data_len = UInt32(room.count)
    var argument = IoctlArgument(request, memory: .init(pointerOffset: 16, bytes: room))
    try control(.getHardwareInformation, &argument)
    let answer = argument.load(cvfio_iommu_hw_info.self)
    let data = argument.memory?.bytes.prefix(Int(min(answer.data_len, UInt32(room.count)))) ?? []
    return HardwareInformation(
      type: answer.out_data_type, data: Array(data), pasidWidth: Int(answer.out_max_pasid_log2),
      capabilities: .init(rawValue: answer.out_capabilities))
  }
}
