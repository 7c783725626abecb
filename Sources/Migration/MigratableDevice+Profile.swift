public import Devices
import MigrationStream
public import PCIConfig
public import VirtualPCI

extension MigratableDevice {
  /// Whether the device can carry a profile, by its own configuration region, the sizes of its
  /// regions, and what its IOMMU can do.
  ///
  /// What an operator says of the IOMMU takes the place of what the device does.
  public func check(
    _ layout: ProfileLayout, iommu: IOMMUFacts? = nil
  ) throws(DeviceError) -> CheckReport {
    let host = try hostFunction(reading: try configurationRegion())
    // The kernel hides PASID from the region, so if the profile has it the IOMMU's word decides.
    guard layout.first(.pasid) != nil, iommu == nil else {
      return layout.check(host, iommu: iommu)
    }
    let abilities = try pasidAbilities()
    return layout.check(
      host,
      iommu: IOMMUFacts(
        pasidWidth: abilities.pasidWidth, allowsExecute: abilities.permissions.contains(.execute),
        allowsPrivileged: abilities.permissions.contains(.privileged)))
  }

  /// The function that the device is, by its own configuration region and the sizes of its regions.
  public func hostFunction() throws(DeviceError) -> HostFunction {
    try hostFunction(reading: try configurationRegion())
  }

  /// The function whose configuration region reads `region`.
  func hostFunction(reading region: [UInt8]) throws(DeviceError) -> HostFunction {
    let dumped = try dumped(reading: region)
    let identity = try identity()
    return HostFunction(
      dumped.space, label: name, identity: identity.pci.map { ($0.vendorID, $0.deviceID) },
      barSizes: dumped.barSizes, hiddenCapabilities: dumped.hiddenCapabilities)
  }

  /// The configuration space of the device as a dump shows one, with the sizes of its BARs.
  public func dumped() throws(DeviceError) -> DumpedDevice {
    try dumped(reading: try configurationRegion())
  }

  private func dumped(reading region: [UInt8]) throws(DeviceError) -> DumpedDevice {
    let space: ConfigSpace
    do throws(PCIConfigError) {
      space = try ConfigSpace(region)
    } catch {
      // Too short for a header, or too long for a function.
      throw DeviceError(.readConfiguration(at: region.count), .invalid)
    }
    let bars = try identity().regions.filter { $0.index < 6 && $0.byteCount > 0 }
    var dumped = DumpedDevice(
      address: PCIAddress(name), title: "", line: nil, space: space,
      barSizes: Dictionary(
        bars.map { (Int($0.index), $0.byteCount) }, uniquingKeysWith: { first, _ in first }))
    dumped.hiddenCapabilities = hiddenCapabilities
    return dumped
  }

  /// The capabilities that the configuration region leaves out though the function may have them.
  var hiddenCapabilities: Set<CapabilityID> {
    Set(
      ((self as? any ConfigurableDevice)?.hiddenCapabilities ?? []).map {
        CapabilityID(extended: $0)
      })
  }
}

extension CaptureSource {
  /// What the guest was shown: what the VMM served, else the profile as after a reset on the device
  /// that reads `region`.
  func shownSpace(_ region: [UInt8]) throws(DeviceError) -> ConfigSpaceState? {
    if guestSpace != nil { return guestSpace }
    guard let profile else { return nil }
    // A device that was checked has every counterpart.
    return try? ConfigSpaceState(profile, on: try device.hostFunction(reading: region))
  }
}
