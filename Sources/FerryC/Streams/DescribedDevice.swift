import CFerry
import MigrationStream
import StateTranslation

/// A device of a stream as a caller sees it, and the memory that its pointers point to.
final class DescribedDevice {
  private(set) var value = ferry_device()
  private let memory = LentMemory()

  init(_ device: DeviceIntroduction) {
    describe(device.identity)
    if let configuration = device.configuration { describe(configuration) }
    if let interrupts = device.interrupts { describe(interrupts) }
    if let pasids = device.pasids { describe(pasids) }
  }

  private func describe(_ identity: DeviceIdentity) {
    value.name = memory.text(identity.name)
    value.driver = memory.text(identity.driver)
    var parts = 0
    if let pci = identity.pci {
      parts |= FERRY_DEVICE_PCI
      (value.vendor_id, value.device_id) = (pci.vendorID, pci.deviceID)
      if let vendor = pci.subsystemVendorID, let device = pci.subsystemID {
        parts |= FERRY_DEVICE_SUBSYSTEM
        (value.subsystem_vendor_id, value.subsystem_id) = (vendor, device)
      }
      if let code = pci.classCode {
        parts |= FERRY_DEVICE_CLASS
        (value.class_code, value.revision_id) = (code, UInt32(pci.revisionID ?? 0))
      }
    }
    if let flags = identity.migrationFlags {
      parts |= FERRY_DEVICE_MIGRATION_FLAGS
      value.migration_flags = flags
    }
    if let count = identity.stopCopyByteCount {
      parts |= FERRY_DEVICE_STOP_COPY_SIZE
      value.stop_copy_size = count
    }
    if let circumstances = identity.circumstances {
      parts |= FERRY_DEVICE_CIRCUMSTANCES
      value.circumstances = UInt32(truncatingIfNeeded: circumstances.rawValue)
    }
    value.parts = UInt32(parts)
    (value.regions, value.region_count) = memory.array(
      identity.regions.map { ferry_region(index: $0.index, flags: $0.flags, size: $0.byteCount) })
  }

  private func describe(_ configuration: ConfigurationRecord) {
    (value.physical, value.physical_size) = memory.array(configuration.physical ?? [])
    (value.shown, value.shown_size) = memory.array(configuration.synthesized ?? [])
    (value.emulated_bits, _) = memory.array(configuration.emulatedBits ?? [])
    value.profile_name = memory.text(configuration.profileName)
    value.profile_digest = memory.text(configuration.profileDigest?.sha256)
  }

  private func describe(_ interrupts: InterruptState) {
    var parts = 0
    if let pins = interrupts.assertedPins {
      parts |= FERRY_INTERRUPTS_PINS
      value.interrupts.asserted_pins = UInt32(pins)
    }
    if let msi = interrupts.msi {
      parts |= FERRY_INTERRUPTS_MSI
      value.interrupts.msi_control = msi.control
      value.interrupts.msi_address = msi.address
      value.interrupts.msi_data = msi.data
      value.interrupts.msi_mask_bits = msi.maskBits
      value.interrupts.msi_pending_bits = msi.pendingBits
    }
    if let msix = interrupts.msix {
      parts |= FERRY_INTERRUPTS_MSIX
      value.interrupts.msix_control = msix.control
      (value.interrupts.msix_table, value.interrupts.msix_table_size) = memory.array(msix.table)
      (value.interrupts.msix_pending_bits, value.interrupts.msix_pending_bits_size) = memory.array(
        msix.pendingBits)
    }
    value.interrupts.parts = UInt32(parts)
  }

  private func describe(_ pasids: PASIDTable) {
    (value.domains, value.domain_count) = memory.array(
      pasids.domains.map { ferry_pasid_domain($0, in: memory) })
    (value.bindings, value.binding_count) = memory.array(
      pasids.bindings.map { ferry_pasid_binding($0) })
  }
}

extension ferry_pasid_domain {
  /// A domain as a caller sees it, whose pointer is good as long as `memory`.
  init(_ domain: PASIDTable.Domain, in memory: LentMemory) {
    self.init()
    id = domain.id
    has_fault_queue = domain.faults == .queue ? 1 : 0
    if case .nested(let type, let content) = domain.kind {
      is_nested = 1
      data_type = type
      (data, data_size) = memory.array(content)
    }
  }
}

extension ferry_pasid_binding {
  /// A binding as a caller sees it.
  init(_ binding: PASIDTable.Binding) {
    self.init(
      pasid: binding.pasid, domain: binding.domain,
      permissions: UInt32(binding.permissions.rawValue))
  }
}
