import CFerry
import Devices
import MigrationStream
import StateTranslation
import VFIO

/// The devices of a call, at least one; those of handles are in the call as long as this lives.
struct MigrationDevices: ~Copyable {
  /// A device, and what the caller says of it.
  struct Device {
    let device: any MigratableDevice
    let known: DeviceIntroduction
    /// Whether the library can attach PASIDs to it.
    let attachesPASIDs: Bool
    /// Which of the stream's devices it takes.
    let number: UInt32
  }

  private(set) var all: [Device] = []
  private var acquired: [ferry_vfio] = []

  init(_ devices: UnsafePointer<ferry_migration_device>?, _ count: Int) throws(Failure) {
    guard (1...DecodingLimits.everyReadersDeviceCount).contains(count) else {
      throw Failure(
        argument: "count", "1 to \(DecodingLimits.everyReadersDeviceCount) devices",
        found: "\(UInt(bitPattern: count))")
    }
    for device in try CallerBytes.array(devices, count, "devices") {
      let known = try DeviceIntroduction(
        device.known?.pointee ?? ferry_device(), number: UInt16(clamping: all.count))
      all.append(
        Device(
          device: device.vfio == 0
            ? try CallerDevice(device, known) : try acquire(device),
          known: known, attachesPASIDs: device.vfio != 0 || device.pasid_operations != nil,
          number: device.number))
    }
  }

  deinit {
    for handle in acquired { HandleTable.shared.release(handle) }
  }

  private mutating func acquire(
    _ device: ferry_migration_device
  ) throws(Failure) -> KernelDevice {
    guard device.operations == nil, device.pasid_operations == nil, device.context == nil,
      device.config_size == 0
    else {
      throw Failure(
        argument: "devices.vfio", "0, or neither operations nor context", found: "both")
    }
    let open = try HandleTable.shared.acquire(device.vfio, as: OpenVFIODevice.self)
    acquired.append(device.vfio)
    return open.device
  }
}
