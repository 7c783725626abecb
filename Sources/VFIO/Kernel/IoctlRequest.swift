private import CVFIO

/// The number of a request of VFIO or iommufd (include/uapi/linux/vfio.h, iommufd.h).
public struct IoctlRequest: RawRepresentable, Sendable, Hashable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  private init(_ number: Int32) { rawValue = UInt32(bitPattern: number) }

  public static var getAPIVersion: Self { Self(CVFIO_GET_API_VERSION) }
  public static var checkExtension: Self { Self(CVFIO_CHECK_EXTENSION) }
  public static var setIOMMU: Self { Self(CVFIO_SET_IOMMU) }
  public static var getGroupStatus: Self { Self(CVFIO_GROUP_GET_STATUS) }
  public static var setContainer: Self { Self(CVFIO_GROUP_SET_CONTAINER) }
  public static var getDevice: Self { Self(CVFIO_GROUP_GET_DEVICE_FD) }

  public static var getDeviceInformation: Self { Self(CVFIO_DEVICE_GET_INFO) }
  public static var getRegionInformation: Self { Self(CVFIO_DEVICE_GET_REGION_INFO) }
  public static var getInterruptInformation: Self { Self(CVFIO_DEVICE_GET_IRQ_INFO) }
  public static var setInterrupts: Self { Self(CVFIO_DEVICE_SET_IRQS) }
  public static var reset: Self { Self(CVFIO_DEVICE_RESET) }
  public static var feature: Self { Self(CVFIO_DEVICE_FEATURE) }
  public static var bindIOMMUFD: Self { Self(CVFIO_DEVICE_BIND_IOMMUFD) }
  public static var attachPageTable: Self { Self(CVFIO_DEVICE_ATTACH_IOMMUFD_PT) }
  public static var detachPageTable: Self { Self(CVFIO_DEVICE_DETACH_IOMMUFD_PT) }
  public static var getPreCopyInformation: Self { Self(CVFIO_MIG_GET_PRECOPY_INFO) }

  public static var destroy: Self { Self(CVFIO_IOMMU_DESTROY) }
  public static var allocateAddressSpace: Self { Self(CVFIO_IOMMU_IOAS_ALLOC) }
  public static var map: Self { Self(CVFIO_IOMMU_IOAS_MAP) }
  public static var mapFile: Self { Self(CVFIO_IOMMU_IOAS_MAP_FILE) }
  public static var unmap: Self { Self(CVFIO_IOMMU_IOAS_UNMAP) }
  public static var allocatePageTable: Self { Self(CVFIO_IOMMU_HWPT_ALLOC) }
  public static var getHardwareInformation: Self { Self(CVFIO_IOMMU_GET_HW_INFO) }
  public static var allocateFaultQueue: Self { Self(CVFIO_IOMMU_FAULT_QUEUE_ALLOC) }

  // The kernel's names.
  private static let names: [Self: String] = [
    .getAPIVersion: "VFIO_GET_API_VERSION", .checkExtension: "VFIO_CHECK_EXTENSION",
    .setIOMMU: "VFIO_SET_IOMMU", .getGroupStatus: "VFIO_GROUP_GET_STATUS",
    .setContainer: "VFIO_GROUP_SET_CONTAINER", .getDevice: "VFIO_GROUP_GET_DEVICE_FD",
    .getDeviceInformation: "VFIO_DEVICE_GET_INFO",
    .getRegionInformation: "VFIO_DEVICE_GET_REGION_INFO",
    .getInterruptInformation: "VFIO_DEVICE_GET_IRQ_INFO",
    .setInterrupts: "VFIO_DEVICE_SET_IRQS", .reset: "VFIO_DEVICE_RESET",
    .feature: "VFIO_DEVICE_FEATURE", .bindIOMMUFD: "VFIO_DEVICE_BIND_IOMMUFD",
    .attachPageTable: "VFIO_DEVICE_ATTACH_IOMMUFD_PT",
    .detachPageTable: "VFIO_DEVICE_DETACH_IOMMUFD_PT",
    .getPreCopyInformation: "VFIO_MIG_GET_PRECOPY_INFO", .destroy: "IOMMU_DESTROY",
    .allocateAddressSpace: "IOMMU_IOAS_ALLOC", .map: "IOMMU_IOAS_MAP",
    .unmap: "IOMMU_IOAS_UNMAP", .allocatePageTable: "IOMMU_HWPT_ALLOC",
    .getHardwareInformation: "IOMMU_GET_HW_INFO",
    .allocateFaultQueue: "IOMMU_FAULT_QUEUE_ALLOC", .mapFile: "IOMMU_IOAS_MAP_FILE",
  ]

  /// The request with the kernel's name for it; nil if it is none of ours.
  public init?(named name: some StringProtocol) {
    guard let entry = Self.names.first(where: { $0.value == name }) else { return nil }
    self = entry.key
  }
}

extension IoctlRequest: CustomStringConvertible {
  /// The kernel's name.
  public var description: String { Self.names[self] ?? "0x" + String(rawValue, radix: 16) }
}
