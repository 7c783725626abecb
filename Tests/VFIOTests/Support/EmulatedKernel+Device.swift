import ByteIO
import CVFIO
import Devices
import EmulatedDevices
import MigrationStream
import SystemPackage
import VFIO

/// The requests to a device, and its features.
extension EmulatedKernel {
  // vfio_pci_validate_vf_token.
  func checkToken(_ given: [UInt8]?, of device: Device) throws(LinuxErrno) {
    guard let token = device.token else {
      if given != nil { throw .invalid }
      return
    }
    if given != token { throw .accessDenied }
  }

  func device(
    _ device: Device, _ request: IoctlRequest, _ argument: inout IoctlArgument
  ) throws(LinuxErrno) {
    switch request {
    case .bindIOMMUFD:
      let flags = argument.get(UInt32.self, at: 4)
      guard device.deviceID == nil, flags == 0 || (flags == 1 && platform.takesTokens) else {
        throw .invalid
      }
      // A kernel whose binding takes none does not ask for one either.
      if platform.takesTokens {
        try checkToken(flags == 1 ? argument.memory?.bytes : nil, of: device)
      }
      let id = add(.device(device))
      device.deviceID = id
      argument.put(id, at: 12)
    case .attachPageTable, .detachPageTable: try attach(device, request, argument)
    case .getDeviceInformation:
      let hasChain = platform.chain != nil
      argument.put((hasChain ? 2 | 128 : 2) as UInt32, at: 4)
      argument.put(9 as UInt32, at: 8)
      argument.put(5 as UInt32, at: 12)
      guard let chain = platform.chain else { return }
      if argument.bytes.count < 24 + chain.count {
        argument.put(UInt32(24 + chain.count), at: 0)
        argument.put(0 as UInt32, at: 16)
      } else {
        argument.put(24 as UInt32, at: 16)
        argument.bytes.replaceSubrange(24..<24 + chain.count, with: chain)
      }
    case .getRegionInformation:
      let index = argument.get(UInt32.self, at: 8)
      let region = device.emulated.model.regions.first { $0.index == index }
      // What vfio-pci says of VGA's region, which other drivers have.
      guard index < 8 || region != nil else { throw .invalid }
      argument.put(region?.flags ?? 0, at: 4)
      argument.put(region?.byteCount ?? 0, at: 16)
      argument.put(UInt64(index) << 40, at: 24)
    case .getInterruptInformation:
      let index = argument.get(UInt32.self, at: 8)
      guard index < 3 else { throw .invalid }
      argument.put(index == 0 ? 7 : 9 as UInt32, at: 4)
      argument.put(index == 1 ? 1 : 0 as UInt32, at: 12)
    case .reset:
      do throws(DeviceError) { try device.emulated.reset() } catch { throw error.errno }
    case .feature: try feature(device, &argument)
    default: throw .notSupportedByDriver
    }
  }

  private func feature(
    _ device: Device, _ argument: inout IoctlArgument
  ) throws(LinuxErrno) {
    let flags = argument.get(UInt32.self, at: 4)
    let isProbe = flags & 0x40000 != 0
    let access = flags & 0x30000
    let number = flags & 0xffff
    guard argument.get(UInt32.self, at: 0) >= 8 else { throw .invalid }
    // The directions that each feature has.
    let allowed: UInt32 =
      [1: 0x10000, 2: 0x30000, 6: 0x20000, 7: 0x20000, 8: 0x10000, 9: 0x10000][number]
      ?? (number == 12 && platform.hasReinitialization ? 0x20000 : 0)
    let abilities = device.emulated.model.abilities
    guard allowed != 0, !abilities.isEmpty else { throw .notSupportedByDriver }
    guard access & ~allowed == 0 else { throw .invalid }
    if isProbe { return }
    do throws(DeviceError) {
      switch number {
      case 1: argument.put(try device.emulated.abilities().rawValue, at: 8)
      case 2 where access == 0x10000:
        argument.put(try device.emulated.state().rawValue, at: 8)
        argument.put(-1 as Int32, at: 12)
      case 2:
        guard let target = MigrationState(rawValue: argument.get(UInt32.self, at: 8)) else {
          throw DeviceError(.readState, .invalid)
        }
        let channel = try device.emulated.transition(to: target)
        argument.put(channel.map { install(.channel($0)) } ?? -1, at: 12)
      case 6:
        guard argument.memory?.pointerOffset == 24 else { throw DeviceError(.logDMA, .fault) }
        // As mlx5 answers a second start.
        guard device.logging == nil else { throw DeviceError(.logDMA, .invalid) }
        device.logging = argument.memory?.bytes
      case 7: device.logging = nil
      case 8:
        guard argument.memory?.pointerOffset == 32, device.logging != nil else {
          throw DeviceError(.logDMA, .invalid)
        }
        // The first page of every range was written to.
        argument.memory?.bytes[0] = 1
      case 9: argument.put(try device.emulated.stopCopyByteCount(), at: 8)
      case 12: device.optedIn = true
      default: throw DeviceError(.identify, .notSupportedByDriver)
      }
    } catch {
      throw error.errno
    }
  }
}
