extension KernelDevice {
  /// What another process needs to go on with the device. It is valid while the device is held
  /// here.
  public var inheritance: InheritedDevice {
    var result = InheritedDevice(
      device: descriptor, iommufd: iommufd?.descriptor, deviceID: deviceID,
      addressSpace: addressSpace?.id)
    if let descriptors = group?.descriptors {
      result.group = descriptors.group
      result.container = descriptors.container
    }
    result.pageTable = domains?.own?.id
    result.domains = (domains?.domains ?? []).compactMap(\.inheritance)
    return result
  }
}
