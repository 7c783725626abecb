private import ByteIO
private import CVFIO

/// A structure of the kernel interface: its fields and where they are, for whoever reads a call's
/// bytes.
public struct KernelStructure: Sendable {
  /// The kernel's name for it.
  public let name: String
  /// The size of the structure in bytes.
  public let byteCount: Int
  /// The fields in ascending order, reserved ones left out.
  public let fields: [Field]

  /// A field of the structure.
  public struct Field: Sendable {
    /// The field's name in the kernel's header.
    public let name: String
    /// The field's place in the structure.
    public let offset: Int
    /// The field's width in bytes.
    public let byteCount: Int
    let isSigned: Bool

    /// The field of a structure's bytes; nil if they end before it.
    func value(in bytes: some RandomAccessCollection<UInt8>) -> TraceValue? {
      guard bytes.count >= offset + byteCount else { return nil }
      let number = bytes.dropFirst(offset).prefix(byteCount).reversed()
        .reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
      let signed = Int64(Int32(truncatingIfNeeded: number))
      return isSigned && signed < 0 ? .signed(signed) : .unsigned(number)
    }
  }

  private init<Structure>(
    _ name: String, _ type: Structure.Type, _ fields: (Layout<Structure>) -> [Field?]
  ) {
    self.name = name
    byteCount = MemoryLayout<Structure>.size
    self.fields = fields(Layout()).compactMap { $0 }
  }

  // Reads a field's place from the compiler's own layout of the C structure.
  private struct Layout<Structure> {
    func callAsFunction<Value: FixedWidthInteger>(
      _ name: String, _ path: KeyPath<Structure, Value>
    ) -> Field? {
      MemoryLayout<Structure>.offset(of: path).map {
        Field(
          name: name, offset: $0, byteCount: MemoryLayout<Value>.size, isSigned: Value.isSigned)
      }
    }
  }

  static let groupStatus = KernelStructure("vfio_group_status", cvfio_group_status.self) {
    [$0("argsz", \.argsz), $0("flags", \.flags)]
  }
  static let deviceInformation = KernelStructure("vfio_device_info", cvfio_device_info.self) {
    [
      $0("argsz", \.argsz), $0("flags", \.flags), $0("num_regions", \.num_regions),
      $0("num_irqs", \.num_irqs), $0("cap_offset", \.cap_offset),
    ]
  }
  static let regionInformation = KernelStructure("vfio_region_info", cvfio_region_info.self) {
    [
      $0("argsz", \.argsz), $0("flags", \.flags), $0("index", \.index),
      $0("cap_offset", \.cap_offset), $0("size", \.size), $0("offset", \.offset),
    ]
  }
  static let interruptInformation = KernelStructure("vfio_irq_info", cvfio_irq_info.self) {
    [$0("argsz", \.argsz), $0("flags", \.flags), $0("index", \.index), $0("count", \.count)]
  }
  static let interruptSetup = KernelStructure("vfio_irq_set", cvfio_irq_set.self) {
    [
      $0("argsz", \.argsz), $0("flags", \.flags), $0("index", \.index), $0("start", \.start),
      $0("count", \.count),
    ]
  }
  static let feature = KernelStructure("vfio_device_feature", cvfio_device_feature.self) {
    [$0("argsz", \.argsz), $0("flags", \.flags)]
  }
  static let migration = KernelStructure(
    "vfio_device_feature_migration", cvfio_device_feature_migration.self
  ) { [$0("flags", \.flags)] }
  static let migrationState = KernelStructure(
    "vfio_device_feature_mig_state", cvfio_device_feature_mig_state.self
  ) { [$0("device_state", \.device_state), $0("data_fd", \.data_fd)] }
  static let migrationDataSize = KernelStructure(
    "vfio_device_feature_mig_data_size", cvfio_device_feature_mig_data_size.self
  ) { [$0("stop_copy_length", \.stop_copy_length)] }
  static let dmaLoggingControl = KernelStructure(
    "vfio_device_feature_dma_logging_control", cvfio_device_feature_dma_logging_control.self
  ) {
    [
      $0("page_size", \.page_size), $0("num_ranges", \.num_ranges),
      $0("__reserved", \.__reserved), $0("ranges", \.ranges),
    ]
  }
  static let dmaLoggingRange = KernelStructure(
    "vfio_device_feature_dma_logging_range", cvfio_device_feature_dma_logging_range.self
  ) { [$0("iova", \.iova), $0("length", \.length)] }
  static let dmaLoggingReport = KernelStructure(
    "vfio_device_feature_dma_logging_report", cvfio_device_feature_dma_logging_report.self
  ) {
    [
      $0("iova", \.iova), $0("length", \.length), $0("page_size", \.page_size),
      $0("bitmap", \.bitmap),
    ]
  }
  static let preCopyInformation = KernelStructure("vfio_precopy_info", cvfio_precopy_info.self) {
    [
      $0("argsz", \.argsz), $0("flags", \.flags), $0("initial_bytes", \.initial_bytes),
      $0("dirty_bytes", \.dirty_bytes),
    ]
  }
  static let bindIOMMUFD = KernelStructure(
    "vfio_device_bind_iommufd", cvfio_device_bind_iommufd.self
  ) {
    [
      $0("argsz", \.argsz), $0("flags", \.flags), $0("iommufd", \.iommufd),
      $0("out_devid", \.out_devid),
    ]
  }
  static let attachPageTable = KernelStructure(
    "vfio_device_attach_iommufd_pt", cvfio_device_attach_iommufd_pt.self
  ) {
    [
      $0("argsz", \.argsz), $0("flags", \.flags), $0("pt_id", \.pt_id), $0("pasid", \.pasid),
    ]
  }
  static let detachPageTable = KernelStructure(
    "vfio_device_detach_iommufd_pt", cvfio_device_detach_iommufd_pt.self
  ) { [$0("argsz", \.argsz), $0("flags", \.flags), $0("pasid", \.pasid)] }

  static let destroy = KernelStructure("iommu_destroy", cvfio_iommu_destroy.self) {
    [$0("size", \.size), $0("id", \.id)]
  }
  static let allocateAddressSpace = KernelStructure(
    "iommu_ioas_alloc", cvfio_iommu_ioas_alloc.self
  ) { [$0("size", \.size), $0("flags", \.flags), $0("out_ioas_id", \.out_ioas_id)] }
  static let mapFile = KernelStructure("iommu_ioas_map_file", cvfio_iommu_ioas_map_file.self) {
    [
      $0("size", \.size), $0("flags", \.flags), $0("ioas_id", \.ioas_id), $0("fd", \.fd),
      $0("start", \.start), $0("length", \.length), $0("iova", \.iova),
    ]
  }
  static let map = KernelStructure("iommu_ioas_map", cvfio_iommu_ioas_map.self) {
    [
      $0("size", \.size), $0("flags", \.flags), $0("ioas_id", \.ioas_id),
      $0("__reserved", \.__reserved), $0("user_va", \.user_va), $0("length", \.length),
      $0("iova", \.iova),
    ]
  }
  static let unmap = KernelStructure("iommu_ioas_unmap", cvfio_iommu_ioas_unmap.self) {
    [
      $0("size", \.size), $0("ioas_id", \.ioas_id), $0("iova", \.iova),
      $0("length", \.length),
    ]
  }
  static let allocatePageTable = KernelStructure(
    "iommu_hwpt_alloc", cvfio_iommu_hwpt_alloc.self
  ) {
    [
      $0("size", \.size), $0("flags", \.flags), $0("dev_id", \.dev_id), $0("pt_id", \.pt_id),
      $0("out_hwpt_id", \.out_hwpt_id), $0("__reserved", \.__reserved),
      $0("data_type", \.data_type), $0("data_len", \.data_len), $0("data_uptr", \.data_uptr),
      $0("fault_id", \.fault_id), $0("__reserved2", \.__reserved2),
    ]
  }
  static let vtdPageTable = KernelStructure("iommu_hwpt_vtd_s1", cvfio_iommu_hwpt_vtd_s1.self) {
    [
      $0("flags", \.flags), $0("pgtbl_addr", \.pgtbl_addr), $0("addr_width", \.addr_width),
      $0("__reserved", \.__reserved),
    ]
  }
  static let hardwareInformation = KernelStructure("iommu_hw_info", cvfio_iommu_hw_info.self) {
    [
      $0("size", \.size), $0("flags", \.flags), $0("dev_id", \.dev_id),
      $0("data_len", \.data_len), $0("data_uptr", \.data_uptr),
      $0("out_data_type", \.out_data_type), $0("out_max_pasid_log2", \.out_max_pasid_log2),
      $0("out_capabilities", \.out_capabilities),
    ]
  }
  static let vtdInformation = KernelStructure("iommu_hw_info_vtd", cvfio_iommu_hw_info_vtd.self) {
    [
      $0("flags", \.flags), $0("__reserved", \.__reserved), $0("cap_reg", \.cap_reg),
      $0("ecap_reg", \.ecap_reg),
    ]
  }
  static let allocateFaultQueue = KernelStructure(
    "iommu_fault_alloc", cvfio_iommu_fault_alloc.self
  ) {
    [
      $0("size", \.size), $0("flags", \.flags), $0("out_fault_id", \.out_fault_id),
      $0("out_fault_fd", \.out_fault_fd),
    ]
  }

  /// All of them.
  public static let all = [
    groupStatus, deviceInformation, regionInformation, interruptInformation, feature, migration,
    migrationState, migrationDataSize, dmaLoggingControl, dmaLoggingRange, dmaLoggingReport,
    preCopyInformation, bindIOMMUFD, attachPageTable, detachPageTable, destroy,
    allocateAddressSpace, map, unmap, allocatePageTable, vtdPageTable, hardwareInformation,
    vtdInformation, allocateFaultQueue,
  ]
}
