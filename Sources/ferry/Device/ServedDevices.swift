import ByteIO
import Devices
import EmulatedDevices
import Inputs
import StateLayout
import StreamIO
import VFIO

/// The devices that can be served: those that a command line names, and those of streams.
enum ServedDevices {
  // More than any family but the synthetic one has, whose state needs no server.
  private static let byteLimit = 1 << 30

  /// Opens the device that `name` names, or restores one from `F.dms#N`.
  static func device(
    _ name: String, in kernel: any KernelInterface
  ) throws -> any MigratableDevice {
    if DeviceReference(name) == nil {
      return try OpenDevices([name], in: kernel).devices[0]
    }
    if let device = try OpenDevices.one(named: name, in: kernel) { return device }
    let input = try StateInput(name)
    guard let driver = input.driver else {
      throw CommandError.no("\(name): expected the name of the device's driver in the stream")
    }
    let state = try input.bytes(limit: byteLimit)
    let device: EmulatedDevice?
    do throws(DeviceError) {
      device = try EmulatedDevice.restored(from: state, driver: driver)
    } catch {
      throw CommandError.no("\(name): no emulated device of \(driver) takes the state: \(error)")
    }
    guard let device else {
      throw CommandError.no("\(name): there is no emulated device of the driver \(driver)")
    }
    ServerLog.print(
      "ferry: \(name): restored into \(device.name), whose own configuration space its guest sees "
        + "unless --profile gives it another; the stream's is not shown")
    return device
  }
}
