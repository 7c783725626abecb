import CFerry
import MigrationStream
import StateTranslation

extension DeviceIntroduction {
  /// A device that a caller describes, with its number.
  init(_ device: ferry_device, number: UInt16) throws(Failure) {
    self.init(
      number: number, identity: try DeviceIdentity(device),
      configuration: try ConfigurationRecord(device),
      interrupts: try InterruptState(device.interrupts), pasids: try PASIDTable(device))
  }
}

extension DeviceIdentity {
  fileprivate init(_ device: ferry_device) throws(Failure) {
    let known =
      FERRY_DEVICE_PCI | FERRY_DEVICE_SUBSYSTEM | FERRY_DEVICE_CLASS
      | FERRY_DEVICE_MIGRATION_FLAGS | FERRY_DEVICE_STOP_COPY_SIZE | FERRY_DEVICE_CIRCUMSTANCES
    let parts = Int(device.parts)
    guard parts & ~known == 0 else {
      throw Failure(argument: "device.parts", "bits up to \(known)", found: "\(parts)")
    }
    self.init(
      name: try CallerBytes.optionalText(device.name, "device.name"),
      driver: try CallerBytes.optionalText(device.driver, "device.driver"))
    if parts & FERRY_DEVICE_PCI != 0 {
      var ids = PCIIdentity(vendorID: device.vendor_id, deviceID: device.device_id)
      if parts & FERRY_DEVICE_SUBSYSTEM != 0 {
        (ids.subsystemVendorID, ids.subsystemID) = (device.subsystem_vendor_id, device.subsystem_id)
      }
      if parts & FERRY_DEVICE_CLASS != 0 {
        guard device.class_code < 1 << 24, let revision = UInt8(exactly: device.revision_id) else {
          throw Failure(
            argument: "device.class_code", "24 bits, and 8 of revision_id",
            found: "\(device.class_code) and \(device.revision_id)")
        }
        (ids.classCode, ids.revisionID) = (device.class_code, revision)
      }
      pci = ids
    } else if parts & (FERRY_DEVICE_SUBSYSTEM | FERRY_DEVICE_CLASS) != 0 {
      throw Failure(argument: "device.parts", "FERRY_DEVICE_PCI with others", found: "\(parts)")
    }
    if parts & FERRY_DEVICE_MIGRATION_FLAGS != 0 { migrationFlags = device.migration_flags }
    if parts & FERRY_DEVICE_STOP_COPY_SIZE != 0 { stopCopyByteCount = device.stop_copy_size }
    if parts & FERRY_DEVICE_CIRCUMSTANCES != 0 {
      circumstances = Circumstances(rawValue: UInt64(device.circumstances))
    }
    regions = try CallerBytes.array(device.regions, device.region_count, "device.regions").map {
      Region(index: $0.index, flags: $0.flags, byteCount: $0.size)
    }
  }
}

extension ConfigurationRecord {
  /// Nil if the caller says nothing of the configuration space.
  fileprivate init?(_ device: ferry_device) throws(Failure) {
    let limit = Self.maximumByteCount
    let profile = try CallerBytes.optionalText(device.profile_name, "device.profile_name")
    let digest = try CallerBytes.optionalText(device.profile_digest, "device.profile_digest")
    guard device.physical != nil || device.shown != nil else { return nil }
    self.init(
      physical: device.physical == nil
        ? nil
        : try CallerBytes.copy(
          device.physical, device.physical_size, limit: limit, "device.physical"),
      synthesized: device.shown == nil
        ? nil
        : try CallerBytes.copy(device.shown, device.shown_size, limit: limit, "device.shown"),
      profileName: profile?.isEmpty == true ? nil : profile)
    if device.emulated_bits != nil {
      emulatedBits = try CallerBytes.copy(
        device.emulated_bits, device.shown_size, limit: limit, "device.emulated_bits")
    }
    if let digest, !digest.isEmpty {
      profileDigest = Digest(sha256: digest)
      guard profileDigest != nil else {
        throw Failure(
          argument: "device.profile_digest", "64 hexadecimal digits", found: "'\(digest)'")
      }
    }
  }
}

extension InterruptState {
  /// Nil if none is programmed.
  fileprivate init?(_ interrupts: ferry_interrupts) throws(Failure) {
    let parts = Int(interrupts.parts)
    let known = FERRY_INTERRUPTS_PINS | FERRY_INTERRUPTS_MSI | FERRY_INTERRUPTS_MSIX
    guard parts & ~known == 0, let pins = UInt8(exactly: interrupts.asserted_pins) else {
      throw Failure(
        argument: "interrupts.parts", "bits up to \(known), and 4 of asserted_pins",
        found: "\(parts) and \(interrupts.asserted_pins)")
    }
    guard parts != 0 else { return nil }
    self.init(assertedPins: parts & FERRY_INTERRUPTS_PINS != 0 ? pins : nil)
    if parts & FERRY_INTERRUPTS_MSI != 0 {
      msi = MSI(
        control: interrupts.msi_control, address: interrupts.msi_address,
        data: interrupts.msi_data, maskBits: interrupts.msi_mask_bits,
        pendingBits: interrupts.msi_pending_bits)
    }
    if parts & FERRY_INTERRUPTS_MSIX != 0 {
      msix = MSIX(
        control: interrupts.msix_control,
        table: try CallerBytes.copy(
          interrupts.msix_table, interrupts.msix_table_size, limit: 1 << 16,
          "interrupts.msix_table"),
        pendingBits: try CallerBytes.copy(
          interrupts.msix_pending_bits, interrupts.msix_pending_bits_size, limit: 1 << 16,
          "interrupts.msix_pending_bits"))
    }
  }
}

extension PASIDTable {
  /// Nil if nothing is bound.
  fileprivate init?(_ device: ferry_device) throws(Failure) {
    let domains = try CallerBytes.array(device.domains, device.domain_count, "device.domains")
    let bindings = try CallerBytes.array(device.bindings, device.binding_count, "device.bindings")
    guard !domains.isEmpty || !bindings.isEmpty else { return nil }
    self.init()
    // Of all domains together, for many may point to the same bytes.
    var left = 1 << 20
    for domain in domains {
      let data = try CallerBytes.copy(
        domain.data, domain.data_size, limit: left, "device.domains.data")
      left -= data.count
      self.domains.append(
        Domain(
          id: domain.id,
          kind: domain.is_nested == 0
            ? .addressSpace : .nested(dataType: domain.data_type, data: data),
          faults: domain.has_fault_queue == 0 ? .none : .queue))
    }
    for binding in bindings {
      guard binding.permissions <= 3 else {
        throw Failure(
          argument: "device.bindings.permissions", "0 to 3", found: "\(binding.permissions)")
      }
      self.bindings.append(
        Binding(
          pasid: binding.pasid, domain: binding.domain,
          permissions: Binding.Permissions(rawValue: UInt8(binding.permissions))))
    }
    if let defect { throw Failure(.argument, message: "device.bindings: \(defect)") }
  }
}
