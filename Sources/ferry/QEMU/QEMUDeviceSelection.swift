import QEMUStream

extension DeviceSelector {
  /// The number of the VFIO device that is meant, by its id or its index.
  func number(among devices: [VFIODeviceSummary], in path: String) throws -> Int {
    Int(try number(among: devices.map { $0.id as String? }, in: path))
  }
}

extension QEMUMigrationContent {
  /// The numbers of the devices that a command is about: the one that `selector` means, or all.
  func numbers(of selector: DeviceSelector?, in path: String) throws -> [Int] {
    if catalog.vfioDevices.isEmpty {
      if let defect { throw CommandError(defect.error, in: defect.path) }
      throw CommandError.no("\(path): expected a VFIO device, found none")
    }
    guard let selector else { return Array(catalog.vfioDevices.indices) }
    return [try selector.number(among: catalog.vfioDevices, in: path)]
  }

  /// Whether all of a device is there, whatever is wrong with the rest.
  func isWhole(_ number: Int) -> Bool {
    let device = catalog.vfioDevices[number]
    return device.configuration != nil && device.sectionCounts[.end] != nil
  }
}
