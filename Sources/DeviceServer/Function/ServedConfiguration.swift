private import ByteIO
import Devices
import Migration
import PCIConfig
import VirtualPCI

/// The configuration space that a client is shown: a profile's over the device, or the device's
/// own.
final class ServedConfiguration {
  private let device: any ConfigurableDevice
  private var virtual: VirtualConfigSpace<DeviceRegisters>?
  /// How many bytes the space has.
  let byteCount: Int
  let profile: ProfileLayout?

  /// A space by `profile` on a device that can carry it, or the device's own.
  init(
    _ device: any MigratableDevice & ConfigurableDevice, _ profile: ProfileLayout?
  ) throws(ServingError) {
    self.device = device
    self.profile = profile
    guard let profile else {
      byteCount = try ServingError.naming { () throws(DeviceError) in
        try device.configurationSpace().count
      }
      return
    }
    let report = try ServingError.naming { () throws(DeviceError) in try device.check(profile) }
    guard report.canCarry else { throw .profile("\(report)") }
    let host = try ServingError.naming { () throws(DeviceError) in try device.hostFunction() }
    // What the guest sees at its own place of the table is its VMM's; at the device's place it
    // would reach the table itself.
    if !(device is any HostedDevice), let msix = AccessMap(profile, on: host).msix,
      msix.relocate == true
    {
      throw .profile(
        "\(device.name): expected MSI-X structures where the profile \(profile.profile.name) has "
          + "them, found them elsewhere, and a server cannot move them")
    }
    do throws(PCIConfigError) {
      virtual = try VirtualConfigSpace(
        profile, at: PhysicalOffsets(of: profile, on: host), on: DeviceRegisters(device: device))
    } catch {
      throw .profile("\(device.name): \(error)")
    }
    byteCount = profile.byteCount
  }

  /// Reads bytes within the space.
  func read(_ offset: Int, byteCount count: Int) throws(DeviceError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    if virtual == nil, ![1, 2, 4].contains(count) || offset % count != 0 {
      // As a driver's region is read; a register at a time would have other effects.
      let space = try device.configurationSpace()
      guard offset + count <= space.count else {
        throw DeviceError(.readConfiguration(at: offset), .invalid)
      }
      return Array(space[offset..<offset + count])
    }
    for (place, width) in Self.registers(offset, count) {
      let value: UInt64
      if let found = try virtual?.read(place, byteCount: width) {
        value = found
      } else {
        value = UInt64(try device.readConfiguration(at: place, byteCount: width))
      }
      for index in 0..<width {
        bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index)))
      }
    }
    return bytes
  }

  /// Takes a client's write, and says whether it asks for a reset of the function.
  func write(_ bytes: [UInt8], at offset: Int) throws(DeviceError) -> Bool {
    var resets = false
    for (place, width) in Self.registers(offset, bytes.count) {
      let value = (0..<width).reduce(0 as UInt64) {
        $0 | UInt64(bytes[place - offset + $1]) << UInt64(8 * $1)
      }
      if let effects = try virtual?.write(place, byteCount: width, value: value) {
        resets = resets || effects.contains(.functionReset)
      } else {
        try device.writeConfiguration(UInt32(value), at: place, byteCount: width)
      }
    }
    return resets
  }

  /// A range as registers of 4, 2 and 1 bytes, each at a multiple of its size.
  private static func registers(_ offset: Int, _ count: Int) -> [(place: Int, width: Int)] {
    var parts: [(Int, Int)] = []
    var place = offset
    while place < offset + count {
      let left = offset + count - place
      let width = [4, 2].first { $0 <= left && place % $0 == 0 } ?? 1
      parts.append((place, width))
      place += width
    }
    return parts
  }

  /// Brings what the server keeps to what it is after a reset.
  func reset() { virtual?.reset() }

  /// What the guest sees now, and which bits of it the server keeps; nil without a profile.
  func save() throws(DeviceError) -> ConfigSpaceState? {
    guard virtual != nil else { return nil }
    var state = try virtual?.save()
    let physical = try device.configurationSpace()
    state?.physical = physical
    return state
  }

  /// Takes what the guest saw of the same profile on another device.
  func restore(_ state: ConfigSpaceState) throws(ServingError) {
    guard profile != nil else {
      throw .profile("expected no state of a profile, for the device is served without one")
    }
    do throws(ConfigRestoreError<DeviceError>) {
      try virtual?.restore(state)
    } catch {
      switch error {
      case .mismatch(let reason): throw .profile("\(reason)")
      case .device(let cause): throw .device(cause)
      }
    }
  }
}
