import Replay
import StateLayout
import StreamIO

/// `--target`, `--source`: a file of facts, or a device that can be asked.
enum FactFiles {
  // Far more than the facts of a device with the most queues.
  private static let byteLimit = 1 << 20

  static func facts(_ name: String) throws -> DeviceFacts {
    if let device = try OpenDevices.one(named: name) { return try facts(of: device) }
    let text = try InputFile(path: name).contents(limit: byteLimit)
    return try FileContentError.naming(name) { try DeviceFacts(parsing: text) }
  }

  /// What a device says of itself. One of the kernel knows its identity, and no more of what its firmware takes.
  static func facts(of device: AnyDevice) throws -> DeviceFacts {
    if let model = device.emulated?.model { return model.facts }
    do {
      return DeviceFacts(try device.identity())
    } catch {
      throw CommandError.device("\(device.name): \(error)")
    }
  }
}
