import Devices
import EmulatedDevices
import Inputs
import PCIConfig
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

  /// What a device says of itself. One of the kernel has its configuration space, and tells no more
  /// of what its firmware takes.
  static func facts(of device: any MigratableDevice) throws -> DeviceFacts {
    if let device = device as? EmulatedDevice { return device.facts }
    do {
      var facts = DeviceFacts(try device.identity())
      if let space = try? ConfigSpace(device.configurationRegion()),
        let capability = space.capabilityList.first(.msix),
        let control = space.load(capability.offset + 2, byteCount: 2)
      {
        // Table Size counts from 0 (PCI 3.0, 6.8.2.3).
        facts.msixVectorCount = Int(control & 0x7ff) + 1
      }
      return facts
    } catch {
      throw CommandError.device("\(device.name): \(error)")
    }
  }
}
