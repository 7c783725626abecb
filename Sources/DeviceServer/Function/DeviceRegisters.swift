import Devices
import VirtualPCI

/// The registers of a device, for a virtual configuration space over it.
struct DeviceRegisters: PhysicalConfigAccess {
  let device: any ConfigurableDevice

  func read(_ offset: Int, byteCount: Int) throws(DeviceError) -> UInt32 {
    try device.readConfiguration(at: offset, byteCount: byteCount)
  }

  mutating func write(_ offset: Int, byteCount: Int, value: UInt32) throws(DeviceError) {
    try device.writeConfiguration(value, at: offset, byteCount: byteCount)
  }
}
