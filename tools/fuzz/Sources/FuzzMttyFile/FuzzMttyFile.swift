import ByteIO
import Devices
import EmulatedDevices
import FuzzSupport

/// The entry point of libFuzzer.
///
/// The first byte of an input chooses the ports of an emulated serial device, the rest is the file
/// that keeps it. What must hold: no crash; what the device takes it keeps and hands out again to
/// the byte; what it refuses leaves it as it was.
@c(LLVMFuzzerTestOneInput)
public func fuzzMttyFile(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let input = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  let image = [UInt8](input.dropFirst())
  guard let uri = try? DeviceURI(parsing: "emulated:mtty?ports=\(1 + input[0] % 2)&text=kept"),
    let device = try? EmulatedDevice(uri)
  else {
    require(false, "there is a device of one and of two ports")
    return 0
  }
  let before = device.keptState
  do throws(EmulatedDevice.KeptStateError) {
    try device.restore(keptState: image)
    require(device.keptState == image, "what is taken is kept to the byte")
  } catch {
    require(!"\(error)".isEmpty, "a refusal has words")
    require(device.keptState == before, "a refusal leaves the device as it was")
  }
  require(handedOut(by: device) == device.keptState, "the device hands out what it keeps")
  return 0
}

/// The state that a device hands out when it is captured; nil if it fails.
private func handedOut(by device: EmulatedDevice) -> [UInt8]? {
  do throws(DeviceError) {
    _ = try device.transition(to: .stop)
    guard let channel = try device.transition(to: .stopCopy) else { return nil }
    var buffer = ByteBuffer(capacity: 4096)
    var isEnd = false
    while !isEnd {
      isEnd =
        try buffer.fill { (span) throws(DeviceError) in
          try channel.read(into: &span)
        } == 0
    }
    return [UInt8](buffer.bytes)
  } catch {
    return nil
  }
}
