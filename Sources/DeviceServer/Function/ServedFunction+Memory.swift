import Devices
import VFIOUser

extension ServedFunction {
  func map(
    _ mapping: DMAMapping, _ descriptors: [OwnedDescriptor]
  ) throws(LinuxErrno) {
    guard descriptors.count <= 1 else { throw .invalid }
    let new = try memory.map(mapping, descriptors.first)
    counters.maps += 1
    if device is VFIOUserDevice, case .file = new.backing {
      _ = try? memory.unmap(new.range)
      throw .invalid
    }
    // What came without a file, as another device's BAR does, the device cannot reach.
    guard let device = dmaDevice, case .mapped(let file) = new.backing,
      let descriptor = descriptors.first?.number
    else { return }
    do throws(DeviceError) {
      do throws(DeviceError) {
        try device.map(
          new.range, file: descriptor, offset: mapping.offset, for: new.access)
      } catch  where error.errno == .notSupported {
        try device.map(new.range, to: file.address, for: new.access)
      }
    } catch {
      _ = try? memory.unmap(new.range)
      throw error.errno
    }
  }

  func unmap(_ unmapping: DMAUnmapping) throws(LinuxErrno) -> DMAUnmapping {
    let gone = unmapping.isAll ? memory.unmapAll() : try memory.unmap(unmapping.range)
    counters.unmaps += 1
    try takeFromDevice(gone)
    return unmapping
  }

  /// Takes ranges from a device that reaches them by itself: from all of them, whatever fails with
  /// one.
  func takeFromDevice(_ mappings: [GuestMemory.Mapping]) throws(LinuxErrno) {
    guard let device = dmaDevice else { return }
    var failure: LinuxErrno?
    for mapping in mappings {
      guard case .mapped = mapping.backing else { continue }
      do throws(DeviceError) {
        try device.unmap(mapping.range)
      } catch {
        failure = error.errno
      }
    }
    if let failure { throw failure }
  }
}
