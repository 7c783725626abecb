import Devices
import Inputs
import Migration
import PCIConfig
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

  /// The one space that `name` stands for, or that of the device at `slot`.
  static func space(
    _ name: String, at slot: String?, in kernel: any KernelInterface
  ) throws -> ConfigSpace {
    var space: ConfigSpace?
    try reportingFailures(in: name) {
      space = try read(name, in: kernel).device(at: slot).space
    }
    guard let space else { throw CommandError.damaged() }
    return space
  }

  /// Runs `body`; an error about a space gets `name` in front of it and becomes the exit code.
  static func reportingFailures(in name: String, _ body: () throws -> Void) throws {
    do {
      try FileContentError.naming(name) {
        do {
          try body()
        } catch let error as PCIConfigError where error.code == .noDevice {
          throw CommandError.no("\(name): \(error)")
        }
      }
    }
  }
}
