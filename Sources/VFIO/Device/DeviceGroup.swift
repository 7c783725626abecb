private import ByteIO
private import CVFIO
public import Devices
public import SystemPackage

/// The older way to a device: its group, in a container that translates for it (TYPE1v2). It knows
/// no PASIDs.
public struct DeviceGroup: ~Copyable {
  private let kernel: any KernelInterface
  private let container: KernelDescriptor
  private let group: KernelDescriptor

  /// Opens a group and puts it into a container of its own.
  ///
  /// The corresponding ioctls are `VFIO_GROUP_SET_CONTAINER` and `VFIO_SET_IOMMU`.
  public init(
    in kernel: any KernelInterface, containerPath: String, groupPath: String
  ) throws(DeviceError) {
    self.kernel = kernel
    let container = try Self.open(containerPath, in: kernel)
    let version = try Self.control(kernel, container.number, .getAPIVersion, IoctlArgument()).0
    guard version == CVFIO_API_VERSION else {
      throw DeviceError(
        .joinContainer, .invalid,
        detail: "expected version \(CVFIO_API_VERSION) of the VFIO interface, found \(version)")
    }
    let group = try Self.open(groupPath, in: kernel)
    var status = cvfio_group_status()
    status.argsz = UInt32(MemoryLayout.size(ofValue: status))
    let answer = try Self.control(kernel, group.number, .getGroupStatus, IoctlArgument(status)).1
    guard answer.load(cvfio_group_status.self).flags & UInt32(CVFIO_GROUP_FLAGS_VIABLE) != 0
    else {
      throw DeviceError(
        .joinContainer, .notPermitted,
        detail:
          "the group is not viable: not every device in it is bound to a VFIO driver, or to none")
    }
    _ = try Self.control(
      kernel, group.number, .setContainer, IoctlArgument(container.number.rawValue))
    let type = UInt64(CVFIO_TYPE1v2_IOMMU)
    guard try Self.control(kernel, container.number, .checkExtension, .init(value: type)).0 > 0
    else {
      throw DeviceError(.joinContainer, .notSupported, detail: "the container has no TYPE1v2")
    }
    _ = try Self.control(kernel, container.number, .setIOMMU, .init(value: type))
    self.container = container
    self.group = group
  }

  private static func open(
    _ path: String, in kernel: any KernelInterface
  ) throws(DeviceError) -> KernelDescriptor {
    do throws(LinuxErrno) {
      return KernelDescriptor(try kernel.open(path, .readWrite), in: kernel)
    } catch {
      throw DeviceError(.open(path), error)
    }
  }

  private static func control(
    _ kernel: any KernelInterface, _ descriptor: FileDescriptor, _ request: IoctlRequest,
    _ argument: IoctlArgument
  ) throws(DeviceError) -> (Int32, IoctlArgument) {
    var argument = argument
    do throws(LinuxErrno) {
      return (try kernel.control(descriptor, request, &argument), argument)
    } catch {
      throw DeviceError(.joinContainer, error, detail: "\(request)")
    }
  }

  /// Opens the device of the group that has this name in sysfs; a VF token stands behind it.
  ///
  /// The corresponding ioctl is `VFIO_GROUP_GET_DEVICE_FD`.
  public borrowing func device(
    named name: String, token: VFToken? = nil
  ) throws(DeviceError) -> DeviceFile {
    let text = name + (token.map { " vf_token=\($0)" } ?? "")
    var argument = IoctlArgument(bytes: [UInt8](text.utf8) + [0])
    do throws(LinuxErrno) {
      let number = try kernel.control(group.number, .getDevice, &argument)
      return DeviceFile(FileDescriptor(rawValue: number), in: kernel)
    } catch {
      throw DeviceError(.open(name), error, detail: "\(IoctlRequest.getDevice)")
    }
  }

  /// The descriptors of the container and the group, which stay open as long as this value.
  public var descriptors: (container: FileDescriptor, group: FileDescriptor) {
    (container.number, group.number)
  }
}
