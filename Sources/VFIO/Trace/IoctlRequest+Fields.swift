private import ByteIO
private import CVFIO
import Devices

extension IoctlRequest {
  /// The structures that make up its argument, one behind the other.
  func structures(_ argument: IoctlArgument) -> [KernelStructure] {
    switch self {
    case .getGroupStatus: [.groupStatus]
    case .getDeviceInformation: [.deviceInformation]
    case .getRegionInformation: [.regionInformation]
    case .getInterruptInformation: [.interruptInformation]
    case .setInterrupts: [.interruptSetup]
    case .feature: [.feature] + (DeviceFeature(of: argument)?.payload.map { [$0] } ?? [])
    case .bindIOMMUFD: [.bindIOMMUFD]
    case .attachPageTable: [.attachPageTable]
    case .detachPageTable: [.detachPageTable]
    case .getPreCopyInformation: [.preCopyInformation]
    case .destroy: [.destroy]
    case .allocateAddressSpace: [.allocateAddressSpace]
    case .map: [.map]
    case .mapFile: [.mapFile]
    case .unmap: [.unmap]
    case .allocatePageTable: [.allocatePageTable]
    case .getHardwareInformation: [.hardwareInformation]
    case .allocateFaultQueue: [.allocateFaultQueue]
    default: []
    }
  }

  /// The fields of its argument, with the kernel's names for what is not a quantity.
  func fields(of argument: IoctlArgument) -> [TraceField] {
    switch self {
    case .checkExtension, .setIOMMU: return [TraceField("value", .unsigned(argument.value))]
    case .setContainer:
      guard argument.bytes.count >= 4 else { return [] }
      return [TraceField("fd", .unsigned(UInt64(argument.load(UInt32.self))))]
    case .getDevice:
      let name = argument.bytes.prefix { $0 != 0 }
      return [TraceField("name", .text(String(decoding: name, as: UTF8.self)))]
    default: break
    }
    var fields: [TraceField] = []
    var offset = 0
    for structure in structures(argument) {
      let bytes = argument.bytes.dropFirst(offset)
      for field in structure.fields where !field.name.hasPrefix("__") {
        guard let value = field.value(in: bytes) else { continue }
        // The payload of a feature may have a name that its header has too.
        let isTaken = fields.contains { $0.name == field.name }
        fields.append(
          TraceField(
            isTaken ? "\(structure.name).\(field.name)" : field.name,
            Self.named(value, field.name, structure.name)))
      }
      offset += structure.byteCount
    }
    return fields + memoryFields(argument)
  }

  /// What the argument points to, if it is a structure of ours.
  private func memoryFields(_ argument: IoctlArgument) -> [TraceField] {
    guard let memory = argument.memory else { return [] }
    let structure: KernelStructure?
    switch self {
    case .getHardwareInformation:
      let type = argument.bytes.count >= 28 ? argument.load(UInt32.self, at: 24) : 0
      structure = type == UInt32(CVFIO_IOMMU_HW_INFO_TYPE_INTEL_VTD) ? .vtdInformation : nil
    case .allocatePageTable:
      let type = argument.bytes.count >= 28 ? argument.load(UInt32.self, at: 24) : 0
      structure = type == UInt32(CVFIO_IOMMU_HWPT_DATA_VTD_S1) ? .vtdPageTable : nil
    case .feature:
      structure = DeviceFeature(of: argument) == .startDMALogging ? .dmaLoggingRange : nil
    default: structure = nil
    }
    guard let structure else { return [] }
    return structure.fields.compactMap { field in
      guard !field.name.hasPrefix("__"), let value = field.value(in: memory.bytes) else {
        return nil
      }
      let name = "\(structure.name).\(field.name)"
      guard case .unsigned(let number) = value else { return TraceField(name, value) }
      return TraceField(name, .text("0x" + hex(number)))
    }
  }

  /// Numbers that stand for something get its name.
  private static func named(_ value: TraceValue, _ field: String, _ structure: String) -> TraceValue
  {
    guard case .unsigned(let number) = value else { return value }
    switch (structure, field) {
    case ("vfio_device_feature", "flags"):
      let bits = UInt32(truncatingIfNeeded: number)
      var parts: [String] = []
      if bits & UInt32(CVFIO_DEVICE_FEATURE_PROBE) != 0 { parts.append("PROBE") }
      if bits & UInt32(CVFIO_DEVICE_FEATURE_GET) != 0 { parts.append("GET") }
      if bits & UInt32(CVFIO_DEVICE_FEATURE_SET) != 0 { parts.append("SET") }
      parts.append("\(DeviceFeature(rawValue: bits & UInt32(CVFIO_DEVICE_FEATURE_MASK)))")
      return .text(parts.joined(separator: "|"))
    case ("vfio_device_feature_mig_state", "device_state"):
      return MigrationState(rawValue: UInt32(truncatingIfNeeded: number)).map { .text("\($0)") }
        ?? value
    case ("vfio_device_feature_migration", "flags"):
      return .text(
        "\(MigrationAbilities(rawValue: number))".split(separator: ", ").joined(separator: "|"))
    case ("iommu_hwpt_alloc", "flags"):
      let names: [(UInt64, String)] = [
        (1, "NEST_PARENT"), (2, "DIRTY_TRACKING"), (4, "FAULT_ID_VALID"), (8, "PASID"),
      ]
      return named(number, names) ?? value
    case ("vfio_device_attach_iommufd_pt", "flags"), ("vfio_device_detach_iommufd_pt", "flags"):
      return named(number, [(1, "PASID")]) ?? value
    case ("iommu_hw_info", "out_capabilities"):
      let names: [(UInt64, String)] = [
        (1, "DIRTY_TRACKING"), (2, "PCI_PASID_EXEC"), (4, "PCI_PASID_PRIV"),
        (8, "PCI_ATS_NOT_SUPPORTED"),
      ]
      return named(number, names) ?? value
    case (_, "iova"), (_, "user_va"), (_, "offset"): return .text("0x" + hex(number))
    default: return value
    }
  }

  /// The names of the bits of `number`; nil if it is 0 or one has none.
  private static func named(_ number: UInt64, _ names: [(UInt64, String)]) -> TraceValue? {
    let known = names.filter { number & $0.0 != 0 }
    guard number != 0, known.reduce(0, { $0 | $1.0 }) == number else { return nil }
    return .text(known.map(\.1).joined(separator: "|"))
  }
}

extension DeviceFeature {
  /// The feature that an argument of `VFIO_DEVICE_FEATURE` is about.
  init?(of argument: IoctlArgument) {
    guard argument.bytes.count >= MemoryLayout<cvfio_device_feature>.size else { return nil }
    let flags = argument.load(UInt32.self, at: 4)
    self.init(rawValue: flags & UInt32(CVFIO_DEVICE_FEATURE_MASK))
  }

  fileprivate var payload: KernelStructure? {
    switch self {
    case .migration: .migration
    case .migrationState: .migrationState
    case .startDMALogging: .dmaLoggingControl
    case .reportDMALogging: .dmaLoggingReport
    case .migrationDataSize: .migrationDataSize
    default: nil
    }
  }
}
