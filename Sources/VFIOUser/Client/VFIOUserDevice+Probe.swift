public import Devices
import MigrationStream
public import VFIO

extension VFIOUserDevice {
  /// The device as a list of devices has it, whose server listens at `path`.
  public func hostDevice(at path: String) throws(DeviceError) -> HostDevice {
    var device = HostDevice(name: name, bus: HostDevice.servedBus)
    device.devicePath = path
    device.pci = try identity().pci
    return device
  }

  /// What the device answers to who asks what it can do.
  public func probe() throws(DeviceError) -> DeviceProbe {
    .answered(
      DeviceProbe.Answer(
        information: information, interrupts: try interrupts(), abilities: try abilities(),
        hasDMALogging: has(.startDMALogging, for: .set), hasReinitialization: false))
  }
}
