import ByteIO
import Devices
import EmulatedDevices
import VFIO

/// A device of mtty, the kernel's or an emulated one, with the registers of its ports as a guest
/// reaches them.
struct MttyDevice {
  let device: any MigratableDevice & ConfigurableDevice & PASIDDevice
  let portCount: Int
  let read: (_ port: Int, _ register: Int) throws(LinuxErrno) -> UInt8
  let write: (_ byte: UInt8, _ port: Int, _ register: Int) throws(LinuxErrno) -> Void
  /// Writes to the configuration region in one call, at any place.
  let configure: (_ bytes: [UInt8], _ offset: Int) throws(DeviceError) -> Void
}

extension MttyDevice {
  init?(_ device: EmulatedDevice) {
    guard let model = device.model as? MttyModel else { return nil }
    self.device = device
    portCount = model.ports.count
    read = { (port, register) throws(LinuxErrno) in
      guard let byte = model.read(port: port, register: register) else { throw .noMessage }
      return byte
    }
    write = { (byte, port, register) in model.write(byte, port: port, register: register) }
    configure = { (bytes, offset) throws(DeviceError) in
      try device.writeConfiguration(bytes, at: offset)
    }
  }

  /// A device that was opened in `kernel`.
  init(_ device: KernelDevice, in kernel: any KernelInterface) {
    self.device = device
    let descriptor = device.descriptor
    let ports = device.regions.prefix(2).filter { $0.byteCount > 0 }.map(\.offset)
    portCount = ports.count
    read = { (port, register) throws(LinuxErrno) in
      var buffer = ByteBuffer(capacity: 1)
      let count = try buffer.fill(limit: 1) { (span) throws(LinuxErrno) in
        try kernel.read(descriptor, into: &span, at: ports[port] + UInt64(register))
      }
      guard count == 1 else { throw .inputOutput }
      return buffer.bytes[byte: 0]
    }
    write = { (byte, port, register) throws(LinuxErrno) in
      let count = try kernel.write(
        descriptor, [byte].span.raw, at: ports[port] + UInt64(register))
      guard count == 1 else { throw .inputOutput }
    }
    configure = { (bytes, offset) throws(DeviceError) in
      _ = try device.write(bytes.span.raw, to: 7, at: UInt64(offset))
    }
  }
}
