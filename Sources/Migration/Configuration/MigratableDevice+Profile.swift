public import Devices
import MigrationStream
import PCIConfig
public import VirtualPCI

extension MigratableDevice {
  /// Whether the device can carry a profile, by its own configuration region, the sizes of its
  /// regions, and what its IOMMU can do.
  public func check(_ layout: ProfileLayout) throws(DeviceError) -> CheckReport {
    let host = try hostFunction(reading: try configurationRegion())
    // The kernel hides PASID from the region, so where the profile has it the IOMMU's word decides.
    guard layout.first(.pasid) != nil else { return layout.check(host) }
    let abilities = try pasidAbilities()
    return layout.check(
      host,
      iommu: IOMMUFacts(
        pasidWidth: abilities.pasidWidth, allowsExecute: abilities.permissions.contains(.execute),
        allowsPrivileged: abilities.permissions.contains(.privileged)))
  }

  /// The function whose configuration region reads `region`.
  func hostFunction(reading region: [UInt8]) throws(DeviceError) -> HostFunction {
    let space: ConfigSpace
    do throws(PCIConfigError) {
      space = try ConfigSpace(region)
    } catch {
      // Too short for a header, or too long for a function.
      throw DeviceError(.readConfiguration(at: region.count), .invalid)
    }
    let identity = try identity()
    let bars = identity.regions.filter { $0.index < 6 && $0.byteCount > 0 }
    return HostFunction(
      space, label: name, identity: identity.pci.map { ($0.vendorID, $0.deviceID) },
      barSizes: Dictionary(
        bars.map { (Int($0.index), $0.byteCount) }, uniquingKeysWith: { first, _ in first }))
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
