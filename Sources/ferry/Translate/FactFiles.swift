import Devices
import Inputs
import StateTranslation
import StreamIO
import VFIO

/// `--target`, `--source`: a file of facts, or a device that can be asked.
enum FactFiles {
  // Far more than the facts of a device with the most queues.
  private static let byteLimit = 1 << 20

  static func facts(_ name: String, in kernel: any KernelInterface) throws -> DeviceFacts {
    if let device = try OpenDevices.one(named: name, in: kernel) { return try facts(of: device) }
    let text = try InputFile(name, for: .document("facts of a device")).contents(limit: byteLimit)
    return try FileContentError.naming(name) { try DeviceFacts(parsing: text) }
  }

  /// What a device says of itself.
  static func facts(of device: any MigratableDevice) throws -> DeviceFacts {
    do {
      return try device.knownFacts()
    } catch {
      throw CommandError.device("\(device.name): \(error)")
    }
  }
}
