public import Devices
import SystemPackage

/// Why a device could not be opened.
public enum DeviceOpenError: Error, Sendable, Hashable {
  /// The name is none of a device.
  case malformed(DeviceURI.Malformed)
  /// There is no such device on the host, or none that can be opened this way.
  case absent(String)
  /// A call failed.
  case device(DeviceError)
}

extension DeviceOpenError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed(let error): "\(error)"
    case .absent(let reason): reason
    case .device(let error): "\(error)"
    }
  }
}

extension KernelDevice {
  /// Opens the device that `uri` names:
  ///
  ///     vfio:0000:3b:00.1, vfio:UUID, vfio:/dev/vfio/devices/vfioN
  ///         [?interface=cdev|group&vf-token=UUID]
  ///     fd:5[?iommufd=6&devid=1[&ioas=2]]
  ///
  /// If the interface is not said, it is cdev if the host has one. Inherited descriptors stay
  /// open when the device goes. After an error nothing is left open.
  public static func open(
    _ uri: DeviceURI, in kernel: any KernelInterface, host: HostTree? = nil
  ) throws(DeviceOpenError) -> KernelDevice {
    let host = host ?? HostTree(in: kernel)
    switch uri.scheme {
    case "vfio":
      let (interface, token) = try parameters(of: uri)
      let device: HostDevice
      do throws(HostTree.Absent) {
        device = try host.device(named: uri.path)
      } catch {
        throw error.isMalformed
          ? .malformed(.init(uri.text, error.reason)) : .absent("\(uri.text): \(error.reason)")
      }
      return try open(device, through: interface, token: token, in: kernel, host: host)
    case "fd":
      return try inherited(uri, in: kernel, host: host)
    default:
      throw .malformed(.init(uri.text, "expected vfio: or fd:, found '\(uri.scheme):'"))
    }
  }

  /// The parameters of the name of a device of the host.
  private static func parameters(
    of uri: DeviceURI
  ) throws(DeviceOpenError) -> (interface: HostDevice.Interface?, token: VFToken?) {
    var interface: HostDevice.Interface?
    var token: VFToken?
    for parameter in uri.parameters {
      switch parameter.key {
      case "interface" where interface == nil:
        interface = HostDevice.Interface(rawValue: parameter.value)
        if interface != nil { continue }
      case "vf-token" where token == nil:
        token = VFToken(parameter.value)
        if token != nil { continue }
      default: break
      }
      throw .malformed(
        .init(
          uri.text,
          "expected interface=cdev, interface=group or vf-token=UUID, each at most once, "
            + "found '\(parameter.key)=\(parameter.value)'"))
    }
    return (interface, token)
  }

  /// Opens a device that was found on the host.
  ///
  /// A virtual function whose physical one vfio-pci holds wants that one's `token`.
  public static func open(
    _ device: HostDevice, through interface: HostDevice.Interface? = nil, token: VFToken? = nil,
    in kernel: any KernelInterface,
    host: HostTree
  ) throws(DeviceOpenError) -> KernelDevice {
    if let reason = device.obstacle(to: interface) { throw .absent("\(device.name): \(reason)") }
    do throws(DeviceError) {
      if interface != .group, let path = device.devicePath {
        return try open(device, path: host.root + path, token: token, in: kernel, host: host)
      }
      guard let path = device.groupPath else {
        throw DeviceError(.identify, .noEntry, detail: "it is in no IOMMU group")
      }
      let group = try DeviceGroup(
        in: kernel, containerPath: host.root + "/dev/vfio/vfio", groupPath: host.root + path)
      let file = try explaining(device, token, on: host) { () throws(DeviceError) in
        try group.device(named: device.name, token: token)
      }
      return try KernelDevice(
        name: device.name, driver: device.driver, file: file, group: group)
    } catch {
      throw .device(error)
    }
  }

  /// Opens by the order that the kernel wants: iommufd, device, bind, address space, attach.
  private static func open(
    _ device: HostDevice, path: String, token: VFToken?, in kernel: any KernelInterface,
    host: HostTree
  ) throws(DeviceError) -> KernelDevice {
    let iommufd = try naming(.open(IOMMUFD.path)) { () throws(LinuxErrno) in
      try IOMMUFD(in: kernel, path: host.root + IOMMUFD.path)
    }
    let file = try naming(.open(path)) { () throws(LinuxErrno) in
      DeviceFile(try kernel.open(path, .readWrite), in: kernel)
    }
    let deviceID = try explaining(device, token, on: host) { () throws(DeviceError) in
      try naming(.bind) { () throws(LinuxErrno) in try file.bind(to: iommufd, token: token) }
    }
    let space = try naming(.allocateAddressSpace) { () throws(LinuxErrno) in
      try IOAddressSpace(in: iommufd)
    }
    try naming(.attachDevice) { () throws(LinuxErrno) in try file.attach(space.id) }
    return try KernelDevice(
      name: device.name, driver: device.driver, file: file, iommufd: iommufd,
      deviceID: deviceID, addressSpace: space)
  }

  /// Says what a refusal has to do with the token of a virtual function.
  private static func explaining<Result: ~Copyable>(
    _ device: HostDevice, _ token: VFToken?, on host: HostTree,
    _ body: () throws(DeviceError) -> Result
  ) throws(DeviceError) -> Result {
    do throws(DeviceError) {
      return try body()
    } catch {
      guard let detail = host.tokenAdvice(on: error, device, token) else { throw error }
      let details = [error.detail, detail].compactMap(\.self)
      throw DeviceError(
        error.operation, error.errno, detail: details.joined(separator: "; "))
    }
  }

  private static func naming<Result: ~Copyable>(
    _ operation: DeviceError.Operation, _ body: () throws(LinuxErrno) -> Result
  ) throws(DeviceError) -> Result {
    do throws(LinuxErrno) {
      return try body()
    } catch {
      throw DeviceError(operation, error)
    }
  }

  private static func inherited(
    _ uri: DeviceURI, in kernel: any KernelInterface, host: HostTree
  ) throws(DeviceOpenError) -> KernelDevice {
    let expected = "expected fd:N[?iommufd=N&devid=N[&ioas=N]]"
    func number(_ text: String) throws(DeviceOpenError) -> Int32 {
      guard let number = Int32(text), number >= 0 else {
        throw .malformed(.init(uri.text, "\(expected), found '\(text)'"))
      }
      return number
    }
    var values: [String: Int32] = [:]
    for parameter in uri.parameters {
      guard ["iommufd", "devid", "ioas"].contains(parameter.key),
        values.updateValue(try number(parameter.value), forKey: parameter.key) == nil
      else { throw .malformed(.init(uri.text, "\(expected), found '\(parameter.key)='")) }
    }
    guard (values["iommufd"] == nil) == (values["devid"] == nil),
      values["ioas"] == nil || values["iommufd"] != nil
    else { throw .malformed(.init(uri.text, expected)) }
    let descriptor = FileDescriptor(rawValue: try number(uri.path))
    return try inherited(
      InheritedDevice(
        device: descriptor, iommufd: values["iommufd"].map(FileDescriptor.init(rawValue:)),
        deviceID: values["devid"].map(UInt32.init), addressSpace: values["ioas"].map(UInt32.init)),
      name: uri.text, in: kernel, host: host)
  }

  /// Takes a device whose descriptors are open: a VMM's own, or handed over. They stay open when it
  /// goes.
  public static func inherited(
    _ device: InheritedDevice, name: String? = nil, in kernel: any KernelInterface,
    host: HostTree? = nil
  ) throws(DeviceOpenError) -> KernelDevice {
    let host = host ?? HostTree(in: kernel)
    let iommufd = device.iommufd.map { IOMMUFD(inherited: $0, in: kernel) }
    let file = DeviceFile(device.device, in: kernel, isOwned: false)
    let found = host.device(open: device.device)
    do throws(DeviceError) {
      // An optional of a type that cannot be copied has no map for this.
      if let iommufd, let id = device.addressSpace {
        return try KernelDevice(
          name: name ?? found?.name ?? "fd:\(device.device.rawValue)", driver: found?.driver,
          file: file, iommufd: iommufd, deviceID: device.deviceID,
          addressSpace: IOAddressSpace(inherited: id, in: iommufd), isInherited: true)
      }
      return try KernelDevice(
        name: name ?? found?.name ?? "fd:\(device.device.rawValue)", driver: found?.driver,
        file: file, iommufd: iommufd, deviceID: device.deviceID, isInherited: true)
    } catch {
      throw .device(error)
    }
  }
}
