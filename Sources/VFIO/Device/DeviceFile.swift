private import CVFIO
public import Devices
public import SystemPackage

/// An open VFIO device and the requests that it takes, one call each.
///
/// Errors are those of the calls; `KernelDevice` says what was attempted.
public struct DeviceFile: ~Copyable {
  let kernel: any KernelInterface
  private let handle: KernelDescriptor

  init(_ descriptor: FileDescriptor, in kernel: any KernelInterface, isOwned: Bool = true) {
    self.kernel = kernel
    handle = KernelDescriptor(descriptor, in: kernel, isOwned: isOwned)
  }

  /// The device's descriptor, which stays open as long as this value.
  public var descriptor: FileDescriptor { handle.number }

  @discardableResult
  private borrowing func control(
    _ request: IoctlRequest, _ argument: inout IoctlArgument
  ) throws(LinuxErrno) -> Int32 {
    try kernel.control(descriptor, request, &argument)
  }

  // MARK: iommufd

  /// Binds the device to an iommufd, which opens it; the number that the iommufd knows it by.
  ///
  /// Without a token the request is as short as before Linux 6.17, which brought it. The
  /// corresponding ioctl is `VFIO_DEVICE_BIND_IOMMUFD`.
  public borrowing func bind(
    to iommufd: IOMMUFD, token: VFToken? = nil
  ) throws(LinuxErrno) -> UInt32 {
    var request = cvfio_device_bind_iommufd()
    let byteCount = MemoryLayout.size(ofValue: request)
    let pointerByteCount = token == nil ? 0 : 8
    request.argsz = UInt32(byteCount + pointerByteCount)
    request.iommufd = iommufd.descriptor.rawValue
    if token != nil { request.flags = UInt32(CVFIO_DEVICE_BIND_FLAG_TOKEN) }
    var argument = IoctlArgument(request)
    argument.bytes += [UInt8](repeating: 0, count: pointerByteCount)
    argument.memory = token.map { .init(pointerOffset: byteCount, bytes: $0.bytes) }
    try control(.bindIOMMUFD, &argument)
    return argument.load(cvfio_device_bind_iommufd.self).out_devid
  }

  /// Has an I/O address space or a page table translate what the device asks for, or what it asks
  /// for with a PASID; it takes the place of what did before.
  ///
  /// Without a PASID the request is as short as before Linux 6.15, which brought PASIDs. The
  /// corresponding ioctl is `VFIO_DEVICE_ATTACH_IOMMUFD_PT`.
  public borrowing func attach(_ id: UInt32, pasid: UInt32? = nil) throws(LinuxErrno) {
    var request = cvfio_device_attach_iommufd_pt()
    request.argsz = pasid == nil ? 12 : 16
    request.pt_id = id
    if let pasid {
      request.flags = UInt32(CVFIO_DEVICE_ATTACH_PASID)
      request.pasid = pasid
    }
    var argument = IoctlArgument(request)
    argument.bytes.removeLast(argument.bytes.count - Int(request.argsz))
    try control(.attachPageTable, &argument)
  }

  /// Undoes `attach`.
  ///
  /// The corresponding ioctl is `VFIO_DEVICE_DETACH_IOMMUFD_PT`.
  public borrowing func detach(pasid: UInt32? = nil) throws(LinuxErrno) {
    var request = cvfio_device_detach_iommufd_pt()
    request.argsz = pasid == nil ? 8 : 12
    if let pasid {
      request.flags = UInt32(CVFIO_DEVICE_DETACH_PASID)
      request.pasid = pasid
    }
    var argument = IoctlArgument(request)
    argument.bytes.removeLast(argument.bytes.count - Int(request.argsz))
    try control(.detachPageTable, &argument)
  }

  // MARK: What it is

  /// The corresponding ioctl is `VFIO_DEVICE_GET_INFO`.
  public borrowing func information() throws(InformationError) -> DeviceInformation {
    var request = cvfio_device_info()
    request.argsz = UInt32(MemoryLayout.size(ofValue: request))
    let argument = try chained(.getDeviceInformation, IoctlArgument(request))
    let answer = argument.load(cvfio_device_info.self)
    let hasCapabilities = answer.flags & UInt32(CVFIO_DEVICE_FLAGS_CAPS) != 0
    return DeviceInformation(
      flags: .init(rawValue: answer.flags), regionCount: answer.num_regions,
      interruptCount: answer.num_irqs,
      capabilities: hasCapabilities
        ? try InformationCapability.chain(
          in: argument.bytes, from: answer.cap_offset,
          behind: MemoryLayout<cvfio_device_info>.size) : [])
  }

  /// The corresponding ioctl is `VFIO_DEVICE_GET_REGION_INFO`.
  public borrowing func region(_ index: UInt32) throws(InformationError) -> RegionInformation {
    var request = cvfio_region_info()
    request.argsz = UInt32(MemoryLayout.size(ofValue: request))
    request.index = index
    let argument = try chained(.getRegionInformation, IoctlArgument(request))
    let answer = argument.load(cvfio_region_info.self)
    let hasCapabilities = answer.flags & UInt32(CVFIO_REGION_INFO_FLAG_CAPS) != 0
    return RegionInformation(
      index: index, flags: .init(rawValue: answer.flags), byteCount: answer.size,
      offset: answer.offset,
      capabilities: hasCapabilities
        ? try InformationCapability.chain(
          in: argument.bytes, from: answer.cap_offset,
          behind: MemoryLayout<cvfio_region_info>.size) : [])
  }

  /// Asks again with the room that the kernel wants for its chain, if it wants more.
  private borrowing func chained(
    _ request: IoctlRequest, _ argument: IoctlArgument
  ) throws(InformationError) -> IoctlArgument {
    var answer = argument
    try ask(request, &answer)
    // `argsz` is the first field of both structures.
    let wanted = Int(answer.load(UInt32.self))
    guard wanted > argument.bytes.count else { return answer }
    guard wanted <= InformationCapability.byteLimit else {
      throw .malformed(
        "expected at most \(InformationCapability.byteLimit) bytes of \(request), found \(wanted)")
    }
    answer = argument
    answer.bytes += [UInt8](repeating: 0, count: wanted - argument.bytes.count)
    answer.bytes.replaceSubrange(0..<4, with: IoctlArgument.bytes(of: UInt32(wanted)))
    try ask(request, &answer)
    return answer
  }

  private borrowing func ask(
    _ request: IoctlRequest, _ argument: inout IoctlArgument
  ) throws(InformationError) {
    do throws(LinuxErrno) {
      try control(request, &argument)
    } catch {
      throw .refused(error)
    }
  }

  /// The corresponding ioctl is `VFIO_DEVICE_GET_IRQ_INFO`.
  public borrowing func interrupt(
    _ index: UInt32
  ) throws(LinuxErrno) -> InterruptInformation {
    var request = cvfio_irq_info()
    request.argsz = UInt32(MemoryLayout.size(ofValue: request))
    request.index = index
    var argument = IoctlArgument(request)
    try control(.getInterruptInformation, &argument)
    let answer = argument.load(cvfio_irq_info.self)
    return InterruptInformation(
      index: index, flags: .init(rawValue: answer.flags), count: answer.count)
  }

  /// Eventfds stand behind the structure. The corresponding ioctl is `VFIO_DEVICE_SET_IRQS`.
  public borrowing func set(
    _ setup: InterruptSetup, eventfds: [Int32]
  ) throws(LinuxErrno) {
    var request = cvfio_irq_set()
    let data: [UInt8]
    switch setup.data {
    case .none:
      request.flags = UInt32(CVFIO_IRQ_SET_DATA_NONE)
      data = []
    case .booleans(let values):
      request.flags = UInt32(CVFIO_IRQ_SET_DATA_BOOL)
      data = values.map { $0 ? 1 : 0 }
    case .eventfds:
      request.flags = UInt32(CVFIO_IRQ_SET_DATA_EVENTFD)
      data = eventfds.flatMap { IoctlArgument.bytes(of: $0) }
    }
    request.argsz = UInt32(MemoryLayout.size(ofValue: request) + data.count)
    request.flags |= setup.action.rawValue
    request.index = setup.index
    request.start = setup.start
    request.count = setup.count
    var argument = IoctlArgument(request)
    argument.bytes += data
    try control(.setInterrupts, &argument)
  }

  // MARK: What it does

  /// The corresponding ioctl is `VFIO_DEVICE_RESET`.
  public borrowing func reset() throws(LinuxErrno) {
    var argument = IoctlArgument()
    try control(.reset, &argument)
  }

  /// Reads or sets a feature; its payload as the kernel left it.
  ///
  /// The corresponding ioctl is `VFIO_DEVICE_FEATURE`.
  @discardableResult
  borrowing func feature<Payload: BitwiseCopyable>(
    _ feature: DeviceFeature, _ access: DeviceFeature.Access, _ payload: Payload
  ) throws(LinuxErrno) -> Payload {
    var argument = Self.argument(feature, access, IoctlArgument.bytes(of: payload))
    try control(.feature, &argument)
    return argument.load(Payload.self, at: MemoryLayout<cvfio_device_feature>.size)
  }

  /// The same for a payload that points to memory; that memory as the kernel left it.
  borrowing func feature<Payload: BitwiseCopyable>(
    _ feature: DeviceFeature, _ access: DeviceFeature.Access, _ payload: Payload,
    pointerOffset: Int, memory: [UInt8]
  ) throws(LinuxErrno) -> [UInt8] {
    var argument = Self.argument(feature, access, IoctlArgument.bytes(of: payload))
    argument.memory = .init(
      pointerOffset: MemoryLayout<cvfio_device_feature>.size + pointerOffset, bytes: memory)
    try control(.feature, &argument)
    return argument.memory?.bytes ?? []
  }

  /// Sets a feature that has no payload.
  borrowing func feature(
    _ feature: DeviceFeature, _ access: DeviceFeature.Access
  ) throws(LinuxErrno) {
    var argument = Self.argument(feature, access, [])
    try control(.feature, &argument)
  }

  private static func argument(
    _ feature: DeviceFeature, _ access: DeviceFeature.Access, _ payload: [UInt8]
  ) -> IoctlArgument {
    var header = cvfio_device_feature()
    header.argsz = UInt32(MemoryLayout.size(ofValue: header) + payload.count)
    header.flags = feature.rawValue | access.rawValue
    return IoctlArgument(bytes: IoctlArgument.bytes(of: header) + payload)
  }

  /// Whether the driver has a feature, for reading or setting; nothing is changed.
  ///
  /// The corresponding flag is `VFIO_DEVICE_FEATURE_PROBE`.
  public borrowing func has(_ feature: DeviceFeature, for access: DeviceFeature.Access) -> Bool {
    var argument = Self.argument(feature, [access, .probe], [])
    return (try? kernel.control(descriptor, .feature, &argument)) != nil
  }
}
