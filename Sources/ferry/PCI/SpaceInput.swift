import Devices
import Inputs
import Migration
import PCIConfig
import Reports
import VFIO

/// Where the `pci` commands take configuration spaces from: a file, as `ConfigSpaceInput` reads it,
/// or the region of a device (`vfio:…`).
enum SpaceInput {
  /// The spaces that `name` stands for; a device of the kernel's is one of `kernel`.
  static func read(_ name: String, in kernel: any KernelInterface) throws -> ConfigSpaceDump {
    if let device = try OpenDevices.one(named: name, in: kernel) { return try region(of: device) }
    return try ConfigSpaceInput.dump(name)
  }

  /// The configuration region of an open device, and the sizes of its others.
  private static func region(of device: any MigratableDevice) throws -> ConfigSpaceDump {
    do {
      return try ConfigSpaceDump([try device.dumped()])
    } catch let error as DeviceError {
      throw CommandError.device("\(device.name): \(error)")
    }
  }

  /// The one function that `name` stands for, or the one at `slot`.
  static func device(
    _ name: String, at slot: String?, in kernel: any KernelInterface
  ) throws -> DumpedDevice {
    try reportingFailures(in: name) { try read(name, in: kernel).device(at: slot) }
  }

  /// Runs `body`; an error about a space gets `name` in front of it and becomes the exit code.
  static func reportingFailures<Result>(
    in name: String, _ body: () throws -> Result
  ) throws -> Result {
    try FileContentError.naming(name) {
      do {
        return try body()
      } catch let error as PCIConfigError where error.code == .noDevice || error.code == .noBAR {
        throw CommandError.no("\(name): \(error)").about(ErrorDetail(error, file: name))
      }
    }
  }
}
