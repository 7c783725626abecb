extension DeviceError {
  /// What was asked of the device, and what of it the request was about.
  public struct Operation: Sendable, Hashable {
    /// The request alone, which callers branch on.
    public let code: Code
    private let subject: Subject

    fileprivate enum Subject: Sendable, Hashable {
      case device
      case path(String)
      case arc(MigrationArc)
      case number(UInt64)
      case offset(Int)
      case place(UInt32, UInt64)
    }

    private init(_ code: Code, _ subject: Subject = .device) {
      self.code = code
      self.subject = subject
    }

    /// The arc that was asked for, if it was one.
    public var arc: MigrationArc? {
      if case .arc(let arc) = subject { arc } else { nil }
    }
  }
}

extension DeviceError.Operation {
  /// The kind of a request.
  public struct Code: Sendable, Hashable {
    fileprivate enum Value {
      case identify, open, bind, joinContainer, allocateAddressSpace, attachDevice, logDMA
      case readAbilities, readState, transition, readStopCopySize, readPreCopyInformation
      case readData, writeData, readConfiguration, writeConfiguration, readRegion, writeRegion,
        mapRegion, mapDMA, unmapDMA, setInterrupts, reset
      case readAddressSpaceAbilities, allocateDomain, attach, detach
    }
    fileprivate let value: Value

    /// Asking the device what it is.
    public static var identify: Self { Self(value: .identify) }
    /// Opening a file of the device, of its group or of the IOMMU.
    public static var open: Self { Self(value: .open) }
    /// `VFIO_DEVICE_BIND_IOMMUFD`.
    public static var bind: Self { Self(value: .bind) }
    /// Putting the device's group into a container.
    public static var joinContainer: Self { Self(value: .joinContainer) }
    /// `IOMMU_IOAS_ALLOC`.
    public static var allocateAddressSpace: Self { Self(value: .allocateAddressSpace) }
    /// `VFIO_DEVICE_ATTACH_IOMMUFD_PT` without a PASID.
    public static var attachDevice: Self { Self(value: .attachDevice) }
    /// `VFIO_DEVICE_FEATURE_DMA_LOGGING_START`, `…_STOP` and `…_REPORT`.
    public static var logDMA: Self { Self(value: .logDMA) }
    /// `VFIO_DEVICE_FEATURE_MIGRATION`.
    public static var readAbilities: Self { Self(value: .readAbilities) }
    /// Reading `VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE`.
    public static var readState: Self { Self(value: .readState) }
    /// Setting `VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE`.
    public static var transition: Self { Self(value: .transition) }
    /// `VFIO_DEVICE_FEATURE_MIG_DATA_SIZE`.
    public static var readStopCopySize: Self { Self(value: .readStopCopySize) }
    /// `VFIO_MIG_GET_PRECOPY_INFO`.
    public static var readPreCopyInformation: Self { Self(value: .readPreCopyInformation) }
    /// Reading from the data channel.
    public static var readData: Self { Self(value: .readData) }
    /// Writing to the data channel.
    public static var writeData: Self { Self(value: .writeData) }
    /// Reading the configuration region.
    public static var readConfiguration: Self { Self(value: .readConfiguration) }
    /// Writing to the configuration region.
    public static var writeConfiguration: Self { Self(value: .writeConfiguration) }
    /// Reading from a region.
    public static var readRegion: Self { Self(value: .readRegion) }
    /// Writing to a region.
    public static var writeRegion: Self { Self(value: .writeRegion) }
    /// Finding out how a region can be mapped.
    public static var mapRegion: Self { Self(value: .mapRegion) }
    /// `IOMMU_IOAS_MAP`.
    public static var mapDMA: Self { Self(value: .mapDMA) }
    /// `IOMMU_IOAS_UNMAP`.
    public static var unmapDMA: Self { Self(value: .unmapDMA) }
    /// `VFIO_DEVICE_SET_IRQS`.
    public static var setInterrupts: Self { Self(value: .setInterrupts) }
    /// `VFIO_DEVICE_RESET`.
    public static var reset: Self { Self(value: .reset) }
    /// `IOMMU_GET_HW_INFO`.
    public static var readAddressSpaceAbilities: Self { Self(value: .readAddressSpaceAbilities) }
    /// `IOMMU_HWPT_ALLOC`.
    public static var allocateDomain: Self { Self(value: .allocateDomain) }
    /// `VFIO_DEVICE_ATTACH_IOMMUFD_PT` with a PASID.
    public static var attach: Self { Self(value: .attach) }
    /// `VFIO_DEVICE_DETACH_IOMMUFD_PT` with a PASID.
    public static var detach: Self { Self(value: .detach) }
  }
}

extension DeviceError.Operation {
  /// ``Code/identify``.
  public static var identify: Self { Self(.identify) }
  /// ``Code/open``, of the file at `path`.
  public static func open(_ path: String) -> Self { Self(.open, .path(path)) }
  /// ``Code/bind``.
  public static var bind: Self { Self(.bind) }
  /// ``Code/joinContainer``.
  public static var joinContainer: Self { Self(.joinContainer) }
  /// ``Code/allocateAddressSpace``.
  public static var allocateAddressSpace: Self { Self(.allocateAddressSpace) }
  /// ``Code/attachDevice``.
  public static var attachDevice: Self { Self(.attachDevice) }
  /// ``Code/logDMA``.
  public static var logDMA: Self { Self(.logDMA) }
  /// ``Code/readAbilities``.
  public static var readAbilities: Self { Self(.readAbilities) }
  /// ``Code/readState``.
  public static var readState: Self { Self(.readState) }
  /// ``Code/transition``, by one arc.
  public static func transition(_ arc: MigrationArc) -> Self { Self(.transition, .arc(arc)) }
  /// ``Code/readStopCopySize``.
  public static var readStopCopySize: Self { Self(.readStopCopySize) }
  /// ``Code/readPreCopyInformation``.
  public static var readPreCopyInformation: Self { Self(.readPreCopyInformation) }
  /// ``Code/readData``, at this byte of the state.
  public static func readData(at offset: UInt64) -> Self { Self(.readData, .number(offset)) }
  /// ``Code/writeData``, at this byte of the state.
  public static func writeData(at offset: UInt64) -> Self { Self(.writeData, .number(offset)) }
  /// ``Code/readConfiguration``, at this byte of it.
  public static func readConfiguration(at offset: Int) -> Self {
    Self(.readConfiguration, .offset(offset))
  }
  /// ``Code/writeConfiguration``, at this byte of it.
  public static func writeConfiguration(at offset: Int) -> Self {
    Self(.writeConfiguration, .offset(offset))
  }
  /// ``Code/readRegion``, at this byte of the region with this number.
  public static func readRegion(_ region: UInt32, at offset: UInt64) -> Self {
    Self(.readRegion, .place(region, offset))
  }
  /// ``Code/writeRegion``, at this byte of the region with this number.
  public static func writeRegion(_ region: UInt32, at offset: UInt64) -> Self {
    Self(.writeRegion, .place(region, offset))
  }
  /// ``Code/mapRegion``, the one with this number.
  public static func mapRegion(_ region: UInt32) -> Self {
    Self(.mapRegion, .number(UInt64(region)))
  }
  /// ``Code/mapDMA``, from this address on.
  public static func mapDMA(at address: UInt64) -> Self { Self(.mapDMA, .number(address)) }
  /// ``Code/unmapDMA``, from this address on.
  public static func unmapDMA(at address: UInt64) -> Self { Self(.unmapDMA, .number(address)) }
  /// ``Code/setInterrupts``.
  public static var setInterrupts: Self { Self(.setInterrupts) }
  /// ``Code/reset``.
  public static var reset: Self { Self(.reset) }
  /// ``Code/readAddressSpaceAbilities``.
  public static var readAddressSpaceAbilities: Self { Self(.readAddressSpaceAbilities) }
  /// ``Code/allocateDomain``, for the domain with this number.
  public static func allocateDomain(_ id: UInt32) -> Self {
    Self(.allocateDomain, .number(UInt64(id)))
  }
  /// ``Code/attach``, this one.
  public static func attach(pasid: UInt32) -> Self { Self(.attach, .number(UInt64(pasid))) }
  /// ``Code/detach``, this one.
  public static func detach(pasid: UInt32) -> Self { Self(.detach, .number(UInt64(pasid))) }
}

extension DeviceError.Operation: CustomStringConvertible {
  public var description: String {
    switch code.value {
    case .identify: "identifying the device"
    case .open: "opening \(subject)"
    case .bind: "binding the device to the iommufd"
    case .joinContainer: "putting the device's group into a container"
    case .allocateAddressSpace: "allocating an I/O address space"
    case .attachDevice: "attaching the device to an I/O address space"
    case .logDMA: "logging the device's writes to memory"
    case .readAbilities: "asking for migration abilities"
    case .readState: "reading the migration state"
    case .transition: "the arc \(subject)"
    case .readStopCopySize: "asking for the size of the state"
    case .readPreCopyInformation: "asking for pre-copy information"
    case .readData: "reading state at byte \(subject)"
    case .writeData: "writing state at byte \(subject)"
    case .readConfiguration: "reading configuration space at \(subject)"
    case .writeConfiguration: "writing configuration space at \(subject)"
    case .readRegion: "reading region \(subject)"
    case .writeRegion: "writing region \(subject)"
    case .mapRegion: "asking how to map region \(subject)"
    case .mapDMA: "mapping memory at address \(subject)"
    case .unmapDMA: "unmapping memory at address \(subject)"
    case .setInterrupts: "setting up interrupts"
    case .reset: "resetting the device"
    case .readAddressSpaceAbilities: "asking for the abilities of the IOMMU"
    case .allocateDomain: "allocating domain \(subject)"
    case .attach: "attaching PASID \(subject)"
    case .detach: "detaching PASID \(subject)"
    }
  }
}

extension DeviceError.Operation.Subject: CustomStringConvertible {
  var description: String {
    switch self {
    case .device: "the device"
    case .path(let path): path
    case .arc(let arc): "\(arc)"
    case .number(let number): "\(number)"
    case .offset(let offset): "\(offset)"
    case .place(let region, let offset): "\(region) at \(offset)"
    }
  }
}
