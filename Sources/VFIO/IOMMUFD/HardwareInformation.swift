private import ByteIO
private import CVFIO

/// What an IOMMU says of itself for one device (`struct iommu_hw_info`,
/// include/uapi/linux/iommufd.h).
public struct HardwareInformation: Sendable, Hashable {
  /// `IOMMU_HW_INFO_TYPE_…`: 0 none, 1 Intel VT-d, 2 Arm SMMUv3.
  public var type: UInt32
  /// The structure of that type.
  public var data: [UInt8]
  /// `out_max_pasid_log2`: the bits of a PASID; 0 if there are none, and on kernels that do not
  /// say.
  public var pasidWidth: Int
  /// The abilities of the IOMMU that do not depend on its vendor.
  public var capabilities: Capabilities

  /// `IOMMU_HW_CAP_…`.
  public struct Capabilities: OptionSet, Sendable, Hashable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static var dirtyTracking: Self { Self(rawValue: 1) }
    public static var executePASIDs: Self { Self(rawValue: 2) }
    public static var privilegedPASIDs: Self { Self(rawValue: 4) }
  }

  /// The answer to IOMMU_GET_HW_INFO.
  public init(type: UInt32, data: [UInt8], pasidWidth: Int, capabilities: Capabilities) {
    self.type = type
    self.data = data
    self.pasidWidth = pasidWidth
    self.capabilities = capabilities
  }

  /// The type's name, as in `Intel VT-d`.
  public var typeName: String {
    switch Int32(bitPattern: type) {
    case CVFIO_IOMMU_HW_INFO_TYPE_NONE: "none"
    case CVFIO_IOMMU_HW_INFO_TYPE_INTEL_VTD: "Intel VT-d"
    case CVFIO_IOMMU_HW_INFO_TYPE_ARM_SMMUV3: "Arm SMMUv3"
    default: "type \(type)"
    }
  }

  /// VT-d's extended capability register (VT-d specification 11.4.3); nil for any other IOMMU.
  public var extendedCapabilities: UInt64? {
    guard type == UInt32(CVFIO_IOMMU_HW_INFO_TYPE_INTEL_VTD),
      data.count >= MemoryLayout<cvfio_iommu_hw_info_vtd>.size
    else { return nil }
    return data.span.raw.little(UInt64.self, at: 16)
  }

  /// Whether guest page tables can be nested under the host's: VT-d's NEST, bit 26 of the extended
  /// capabilities; nil if the IOMMU is no VT-d.
  public var hasVTdNesting: Bool? { extendedCapabilities.map { $0 >> 26 & 1 == 1 } }
}
