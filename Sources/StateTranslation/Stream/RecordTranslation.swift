import ByteIO
public import MigrationStream
public import StateLayout
public import VirtualPCI

/// Translates the rest of what a stream says of a device: its identity and the guest's view of it.
///
/// With a profile on both sides, nothing of the source's own configuration space is left. Without
/// one the guest was shown the source's, so the target must have its identity.
public struct RecordTranslation: Sendable {
  /// The known facts of the device that is to take the state.
  public var target: DeviceFacts
  /// The profile that the guest is shown on both sides.
  public var profile: ProfileLayout?

  private static let identityRule = TranslationRule(
    "the stream names the device that is to take the state",
    source: "schemas/device-facts.schema.json")
  private static let profileRule = TranslationRule(
    "with a profile the guest sees nothing of the host's function", source: "the profile")

  // As translations word it that hold the identities against each other themselves.
  private static let identitySubject = "that both are one device"

  /// A translation for a device with these facts, whose guest may be shown a profile.
  public init(for target: DeviceFacts, profile: ProfileLayout? = nil) {
    self.target = target
    self.profile = profile
  }

  /// The identity of the device that is to take the state of `layout`.
  public func identity(
    _ identity: DeviceIdentity, layout: Layout, _ report: inout TranslationReport
  ) -> DeviceIdentity {
    var result = identity
    let isKnown = layout.isOf(driver: identity.driver)
    result.driver =
      target.driver ?? (isKnown ? identity.driver : layout.drivers.first ?? identity.driver)
    note("identity.driver", identity.driver, result.driver, Self.identityRule, &report)
    // The abilities of the source's driver, and the size that it expected, say nothing of the
    // target.
    result.migrationFlags = nil
    result.stopCopyByteCount = nil
    let wanted = identity.pci.map(Self.ids)
    let found = target.pci.flatMap { pci in
      pci.vendorID.flatMap { vendor in
        pci.deviceID.map { device in
          DeviceIdentity.PCIIdentity(
            vendorID: vendor, deviceID: device, revisionID: pci.revisionID)
        }
      }
    }
    if profile != nil {
      result.pci = found
      // The guest sees the profile's BARs and configuration space (VFIO_PCI_CONFIG_REGION_INDEX).
      result.regions.removeAll { $0.index < 6 || $0.index == 7 }
      note("identity.pci", wanted, found.map(Self.ids), Self.profileRule, &report)
    } else if let wanted, let found {
      guard wanted != Self.ids(found) else { return result }
      report.refuse(
        "identity.pci", found: wanted,
        needed:
          "\(Self.ids(found)), the target's, or a profile that the guest is shown on both sides")
    } else {
      if wanted == nil { report.noteUnknown("pci (source)", for: Self.identitySubject) }
      if found == nil { report.noteUnknown("pci", for: Self.identitySubject) }
    }
    return result
  }

  /// The configuration space that goes on with the state.
  public func configuration(
    _ record: ConfigurationRecord?, _ report: inout TranslationReport
  ) -> ConfigurationRecord? {
    guard let profile else { return record }
    guard let record, let shown = ConfigSpaceState(record) else {
      report.refuse(
        "configuration", found: "a guest that was shown no profile",
        needed: "the profile \(profile.profile.name), as the target's guest is shown")
      return record
    }
    guard let portable = shown.portable(by: profile) else {
      report.refuse(
        "configuration.profile", found: shown.profileName ?? "another profile",
        needed: "\(profile.profile.name), with the digest \(profile.digest)")
      return record
    }
    if record.physical != nil {
      report.rewrite(
        "configuration.physical", from: "\(record.physical?.count ?? 0) bytes", to: "none",
        Self.profileRule)
    }
    return ConfigurationRecord(portable)
  }

  private func note(
    _ field: String, _ old: String?, _ new: String?, _ rule: TranslationRule,
    _ report: inout TranslationReport
  ) {
    guard old != new else { return }
    report.rewrite(field, from: old ?? "none", to: new ?? "none", rule)
  }

  private static func ids(_ pci: DeviceIdentity.PCIIdentity) -> String {
    idPair(pci.vendorID, pci.deviceID)
  }
}

extension DeviceFacts {
  /// The facts in a stream's identity of the device that a state was taken from.
  public init(_ identity: DeviceIdentity) {
    self.init()
    driver = identity.driver
    pci = identity.pci.map {
      PCI(vendorID: $0.vendorID, deviceID: $0.deviceID, revisionID: $0.revisionID)
    }
  }
}
