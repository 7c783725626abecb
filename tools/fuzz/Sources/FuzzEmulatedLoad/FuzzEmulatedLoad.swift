import ByteIO
import Devices
import EmulatedDevices
import FuzzSupport

private let names = EmulatedFamily.all.map { "emulated:\($0.name)" }

/// The entry point of libFuzzer.
///
/// The first byte of an input chooses an emulated device, the second how much is written at once,
/// the rest is a state. What must hold: no crash, whatever is loaded; a device takes it or refuses
/// it, and can be reset to run afterwards.
@c(LLVMFuzzerTestOneInput)
public func fuzzEmulatedLoad(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 2 else { return -1 }
  let input = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  let step = 1 + Int(input[1]) * 16
  guard let uri = try? DeviceURI(parsing: names[Int(input[0]) % names.count]),
    let device = try? EmulatedDevice(uri)
  else {
    require(false, "every family has a device without parameters")
    return 0
  }
  do {
    let channel = try device.transition(to: .resuming)
    var rest = input[2...]
    while !rest.isEmpty {
      let piece = [UInt8](rest.prefix(step))
      let written = try channel?.write(piece.span.raw) ?? 0
      require(written > 0 && written <= piece.count, "a write takes bytes or fails")
      rest = rest.dropFirst(written)
    }
    _ = try device.transition(to: .stop)
  } catch {
    // The driver refuses what it does not take.
  }
  do {
    try device.reset()
    require(try device.state() == .running, "a device that was reset runs")
  } catch {
    require(false, "a device can be reset: \(error)")
  }
  return 0
}
