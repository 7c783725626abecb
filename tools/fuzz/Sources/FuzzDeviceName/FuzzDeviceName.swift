import Devices
import EmulatedDevices
import FuzzSupport
import VFIO

/// The entry point of libFuzzer.
///
/// An input is a device as users name it. What must hold: no crash; a name that is accepted is read
/// alike again; an emulated device of it can be asked what it is; a kernel's is refused with words
/// where there is no such device.
@c(LLVMFuzzerTestOneInput)
public func fuzzDeviceName(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let text = String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
  guard let uri = try? DeviceURI(parsing: text) else { return 0 }
  require((try? DeviceURI(parsing: uri.text)) == uri, "a name is read alike again: \(uri)")
  do throws(DeviceOpenError) {
    _ = try KernelDevice.open(uri, in: EmptyKernel())
    require(false, "there is no such device: \(uri)")
  } catch {
    require(!"\(error)".isEmpty, "a refusal has words")
  }
  guard uri.scheme == "emulated", let device = try? EmulatedDevice(uri) else { return 0 }
  require((try? device.state()) == .running, "a device runs at first: \(text)")
  _ = try? device.identity()
  _ = try? device.abilities()
  return 0
}
