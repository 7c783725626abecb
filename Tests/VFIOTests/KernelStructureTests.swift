import CVFIO
import Testing
import VFIO

/// Every number, size and offset of the C header, against those measured on kernels.
@Suite struct KernelStructureTests {
  static let constants: [(String, Int32)] = [
    ("VFIO_GET_API_VERSION", CVFIO_GET_API_VERSION),
    ("VFIO_CHECK_EXTENSION", CVFIO_CHECK_EXTENSION),
    ("VFIO_SET_IOMMU", CVFIO_SET_IOMMU),
    ("VFIO_GROUP_GET_STATUS", CVFIO_GROUP_GET_STATUS),
    ("VFIO_GROUP_SET_CONTAINER", CVFIO_GROUP_SET_CONTAINER),
    ("VFIO_GROUP_UNSET_CONTAINER", CVFIO_GROUP_UNSET_CONTAINER),
    ("VFIO_GROUP_GET_DEVICE_FD", CVFIO_GROUP_GET_DEVICE_FD),
    ("VFIO_DEVICE_GET_INFO", CVFIO_DEVICE_GET_INFO),
    ("VFIO_DEVICE_GET_REGION_INFO", CVFIO_DEVICE_GET_REGION_INFO),
    ("VFIO_DEVICE_GET_IRQ_INFO", CVFIO_DEVICE_GET_IRQ_INFO),
    ("VFIO_DEVICE_RESET", CVFIO_DEVICE_RESET),
    ("VFIO_DEVICE_FEATURE", CVFIO_DEVICE_FEATURE),
    ("VFIO_DEVICE_BIND_IOMMUFD", CVFIO_DEVICE_BIND_IOMMUFD),
    ("VFIO_DEVICE_ATTACH_IOMMUFD_PT", CVFIO_DEVICE_ATTACH_IOMMUFD_PT),
    ("VFIO_DEVICE_DETACH_IOMMUFD_PT", CVFIO_DEVICE_DETACH_IOMMUFD_PT),
    ("VFIO_MIG_GET_PRECOPY_INFO", CVFIO_MIG_GET_PRECOPY_INFO),
    ("IOMMU_DESTROY", CVFIO_IOMMU_DESTROY),
    ("IOMMU_IOAS_ALLOC", CVFIO_IOMMU_IOAS_ALLOC),
    ("IOMMU_IOAS_MAP", CVFIO_IOMMU_IOAS_MAP),
    ("IOMMU_IOAS_UNMAP", CVFIO_IOMMU_IOAS_UNMAP),
    ("IOMMU_HWPT_ALLOC", CVFIO_IOMMU_HWPT_ALLOC),
    ("IOMMU_GET_HW_INFO", CVFIO_IOMMU_GET_HW_INFO),
    ("IOMMU_FAULT_QUEUE_ALLOC", CVFIO_IOMMU_FAULT_QUEUE_ALLOC),
    ("VFIO_TYPE1v2_IOMMU", CVFIO_TYPE1v2_IOMMU),
    ("VFIO_DEVICE_FLAGS_RESET", CVFIO_DEVICE_FLAGS_RESET),
    ("VFIO_DEVICE_FLAGS_PCI", CVFIO_DEVICE_FLAGS_PCI),
    ("VFIO_PCI_CONFIG_REGION_INDEX", CVFIO_PCI_CONFIG_REGION_INDEX),
    ("VFIO_PCI_MSIX_IRQ_INDEX", CVFIO_PCI_MSIX_IRQ_INDEX),
    ("VFIO_DEVICE_FEATURE_MASK", CVFIO_DEVICE_FEATURE_MASK),
    ("VFIO_DEVICE_FEATURE_GET", CVFIO_DEVICE_FEATURE_GET),
    ("VFIO_DEVICE_FEATURE_SET", CVFIO_DEVICE_FEATURE_SET),
    ("VFIO_DEVICE_FEATURE_PROBE", CVFIO_DEVICE_FEATURE_PROBE),
    ("VFIO_DEVICE_FEATURE_MIGRATION", CVFIO_DEVICE_FEATURE_MIGRATION),
    ("VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE", CVFIO_DEVICE_FEATURE_MIG_DEVICE_STATE),
    ("VFIO_DEVICE_FEATURE_DMA_LOGGING_START", CVFIO_DEVICE_FEATURE_DMA_LOGGING_START),
    ("VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP", CVFIO_DEVICE_FEATURE_DMA_LOGGING_STOP),
    ("VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT", CVFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT),
    ("VFIO_DEVICE_FEATURE_MIG_DATA_SIZE", CVFIO_DEVICE_FEATURE_MIG_DATA_SIZE),
    ("VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2", CVFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2),
    ("VFIO_PRECOPY_INFO_REINIT", CVFIO_PRECOPY_INFO_REINIT),
    ("VFIO_DEVICE_ATTACH_PASID", CVFIO_DEVICE_ATTACH_PASID),
    ("VFIO_DEVICE_DETACH_PASID", CVFIO_DEVICE_DETACH_PASID),
    ("IOMMU_HWPT_ALLOC_NEST_PARENT", CVFIO_IOMMU_HWPT_ALLOC_NEST_PARENT),
    ("IOMMU_HWPT_ALLOC_DIRTY_TRACKING", CVFIO_IOMMU_HWPT_ALLOC_DIRTY_TRACKING),
    ("IOMMU_HWPT_FAULT_ID_VALID", CVFIO_IOMMU_HWPT_FAULT_ID_VALID),
    ("IOMMU_HWPT_ALLOC_PASID", CVFIO_IOMMU_HWPT_ALLOC_PASID),
    ("IOMMU_HWPT_DATA_NONE", CVFIO_IOMMU_HWPT_DATA_NONE),
    ("IOMMU_HWPT_DATA_VTD_S1", CVFIO_IOMMU_HWPT_DATA_VTD_S1),
    ("IOMMU_HWPT_DATA_ARM_SMMUV3", CVFIO_IOMMU_HWPT_DATA_ARM_SMMUV3),
    ("IOMMU_HW_INFO_TYPE_NONE", CVFIO_IOMMU_HW_INFO_TYPE_NONE),
    ("IOMMU_HW_INFO_TYPE_INTEL_VTD", CVFIO_IOMMU_HW_INFO_TYPE_INTEL_VTD),
    ("IOMMU_HW_INFO_TYPE_ARM_SMMUV3", CVFIO_IOMMU_HW_INFO_TYPE_ARM_SMMUV3),
    ("IOMMU_HW_CAP_DIRTY_TRACKING", CVFIO_IOMMU_HW_CAP_DIRTY_TRACKING),
    ("IOMMU_HW_CAP_PCI_PASID_EXEC", CVFIO_IOMMU_HW_CAP_PCI_PASID_EXEC),
    ("IOMMU_HW_CAP_PCI_PASID_PRIV", CVFIO_IOMMU_HW_CAP_PCI_PASID_PRIV),
  ]

  @Test func constantsAreTheKernels() throws {
    let abi = try #require(KernelABI.measured)
    for (name, value) in Self.constants {
      #expect(try #require(abi.constants[name], "\(name)") == Int(value), "\(name)")
    }
    #expect(Self.constants.count >= 55)
  }

  @Test func structuresAreTheKernels() throws {
    let abi = try #require(KernelABI.measured)
    #expect(KernelStructure.all.count == 24)
    for structure in KernelStructure.all {
      let measured = try #require(abi.structures[structure.name], "\(structure.name)")
      // What 6.17 appended to it is a token that nobody here has.
      let isOlder = structure.name == "vfio_device_bind_iommufd"
      #expect(
        structure.byteCount
          == (isOlder ? abi.older[structure.name]?.byteCount : measured.byteCount),
        "\(structure.name)")
      for field in structure.fields {
        let place =
          measured.fields[field.name] ?? abi.older[structure.name]?.fields[field.name]
        let found = try #require(place, "\(structure.name).\(field.name)")
        #expect(found.offset == field.offset, "\(structure.name).\(field.name)")
        #expect(found.byteCount == field.byteCount, "\(structure.name).\(field.name)")
      }
      // Every field that was measured is declared; but for the token.
      let names = Set(structure.fields.map(\.name))
      for name in measured.fields.keys where name != "token_uuid_ptr" {
        #expect(names.contains(name), "\(structure.name).\(name)")
      }
    }
  }

  @Test func theLongerFormsBeginAsTheOlderOnes() throws {
    let abi = try #require(KernelABI.measured)
    #expect(abi.older["vfio_device_attach_iommufd_pt"]?.byteCount == 12)
    #expect(abi.older["vfio_device_detach_iommufd_pt"]?.byteCount == 8)
    for (name, older) in abi.older {
      let newer = try #require(abi.structures[name])
      for (field, place) in older.fields {
        guard let other = newer.fields[field] else { continue }
        #expect(
          place.offset == other.offset && place.byteCount == other.byteCount, "\(name).\(field)")
      }
    }
  }

  @Test func everyRequestHasTheKernelsName() throws {
    let abi = try #require(KernelABI.measured)
    var named = 0
    for (name, value) in abi.constants {
      guard let request = IoctlRequest(named: name) else { continue }
      #expect(Int(request.rawValue) == value)
      #expect("\(request)" == name)
      named += 1
    }
    #expect(named == 24)
  }
}
