import Devices

extension HostTree {
  /// What the errno of opening or binding a device has to do with a VF token; nil if nothing
  /// (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_validate_vf_token).
  func tokenAdvice(
    on error: DeviceError, _ device: HostDevice, _ token: VFToken?
  ) -> String? {
    switch (error.errno, token) {
    case (.accessDenied, nil):
      guard let parent = physicalFunction(of: device) else { return nil }
      return "it is a virtual function of \(parent.name), which \(parent.driver) holds, so it is "
        + "opened with the token that whoever holds that one has set: ?vf-token=UUID"
    case (.accessDenied, _?):
      let parent = physicalFunction(of: device).map { " of \($0.name)" } ?? ""
      return "the VF token is not the one that the user\(parent) has set"
    case (.invalid, _?):
      return "either the device takes no VF token, for its physical function is with no VFIO "
        + "driver, or the kernel takes none here (from Linux 6.17 on; ?interface=group takes one "
        + "on every kernel)"
    default: return nil
    }
  }

  /// The physical function of a virtual one, if a VFIO driver is bound to it.
  private func physicalFunction(of device: HostDevice) -> (name: String, driver: String)? {
    let folder = "\(root)/sys/bus/pci/devices/\(device.name)/physfn"
    guard device.bus == "pci", let target = try? kernel.link(at: folder),
      let driver = try? kernel.link(at: folder + "/driver"),
      let name = target.split(separator: "/").last, let last = driver.split(separator: "/").last,
      VariantDriver.isVFIO(String(last))
    else { return nil }
    return (String(name), String(last))
  }
}
