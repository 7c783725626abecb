/// What a device or its driver refused, with the errno as it came.
public struct DeviceError: Error, Sendable, Hashable {
  /// What was asked of the device.
  public enum Operation: Sendable, Hashable {
    /// Asking it what it is.
    case identify
    /// Opening a file of the device's, of its group's, or of the IOMMU's.
    case open(String)
    /// `VFIO_DEVICE_BIND_IOMMUFD`.
    case bind
    /// Putting the device's group into a container.
    case joinContainer
    /// `IOMMU_IOAS_ALLOC`.
    case allocateAddressSpace
    /// `VFIO_DEVICE_ATTACH_IOMMUFD_PT` without a PASID.
    case attachDevice
    /// `VFIO_DEVICE_FEATURE_DMA_LOGGING_START`, `…_STOP` and `…_REPORT`.
    case logDMA
    /// `VFIO_DEVICE_FEATURE_MIGRATION`.
    case readAbilities
    /// Reading `VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE`.
    case readState
    /// Setting `VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE`.
    case transition(MigrationArc)
    /// `VFIO_DEVICE_FEATURE_MIG_DATA_SIZE`.
    case readStopCopySize
    /// `VFIO_MIG_GET_PRECOPY_INFO`.
    case readPreCopyInformation
    /// Reading from the data channel, at this byte of the state.
    case readData(at: UInt64)
    /// Writing to the data channel, at this byte of the state.
    case writeData(at: UInt64)
    case readConfiguration(at: Int)
    case writeConfiguration(at: Int)
    /// `VFIO_DEVICE_RESET`.
    case reset
    /// `IOMMU_GET_HW_INFO`.
    case readAddressSpaceAbilities
    /// `IOMMU_HWPT_ALLOC`.
    case allocateDomain(UInt32)
    /// `VFIO_DEVICE_ATTACH_IOMMUFD_PT` with a PASID.
    case attach(pasid: UInt32)
    /// `VFIO_DEVICE_DETACH_IOMMUFD_PT` with a PASID.
    case detach(pasid: UInt32)
  }

  public let operation: Operation
  public let number: ErrorNumber
  /// What else is known of the device and the kernel that bears on it.
  public let detail: String?

  public init(_ operation: Operation, _ number: ErrorNumber, detail: String? = nil) {
    self.operation = operation
    self.number = number
    self.detail = detail
  }

  /// The same answer to another operation, of which the one that failed was a part.
  package func at(_ operation: Operation) -> DeviceError {
    DeviceError(operation, number, detail: detail)
  }

  /// The arc that failed, where it was one.
  public var arc: MigrationArc? {
    if case .transition(let arc) = operation { arc } else { nil }
  }
}

extension DeviceError: CustomStringConvertible {
  public var description: String {
    "\(operation): \(number)" + (detail.map { "; \($0)" } ?? "")
  }
}

extension DeviceError.Operation: CustomStringConvertible {
  public var description: String {
    switch self {
    case .identify: "identifying the device"
    case .open(let path): "opening \(path)"
    case .bind: "binding the device to the iommufd"
    case .joinContainer: "putting the device's group into a container"
    case .allocateAddressSpace: "allocating an I/O address space"
    case .attachDevice: "attaching the device to an I/O address space"
    case .logDMA: "logging the device's writes to memory"
    case .readAbilities: "asking for migration abilities"
    case .readState: "reading the migration state"
    case .transition(let arc): "the arc \(arc)"
    case .readStopCopySize: "asking for the size of the state"
    case .readPreCopyInformation: "asking for pre-copy information"
    case .readData(let offset): "reading state at byte \(offset)"
    case .writeData(let offset): "writing state at byte \(offset)"
    case .readConfiguration(let offset): "reading configuration space at \(offset)"
    case .writeConfiguration(let offset): "writing configuration space at \(offset)"
    case .reset: "resetting the device"
    case .readAddressSpaceAbilities: "asking for the abilities of the IOMMU"
    case .allocateDomain(let id): "allocating domain \(id)"
    case .attach(let pasid): "attaching PASID \(pasid)"
    case .detach(let pasid): "detaching PASID \(pasid)"
    }
  }
}
