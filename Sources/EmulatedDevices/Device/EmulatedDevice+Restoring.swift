import ByteIO
public import Devices

extension EmulatedDevice {
  /// A device of the family that stands for `driver`, with the state that one handed out: the first
  /// of the family's own parameters that take it.
  ///
  /// Nil if no family stands for the driver; throws the refusal of the last device if none takes
  /// the state.
  public static func restored(
    from state: [UInt8], driver: String
  ) throws(DeviceError) -> EmulatedDevice? {
    var refusal: DeviceError?
    for family in EmulatedFamily.all {
      for parameters in [""] + family.samples {
        let name = "emulated:\(family.name)\(parameters.isEmpty ? "" : "?\(parameters)")"
        guard let uri = try? DeviceURI(parsing: name), let device = try? EmulatedDevice(uri),
          device.model.driver == driver
        else { break }
        do throws(DeviceError) {
          try device.load(state)
          return device
        } catch {
          refusal = error
        }
      }
    }
    if let refusal { throw refusal }
    return nil
  }

  /// Takes a state, and runs with it.
  func load(_ state: [UInt8]) throws(DeviceError) {
    guard let channel = try transition(to: .resuming) else { return }
    var position = 0
    while position < state.count {
      position += try channel.write(state.span.raw.extracting(droppingFirst: position))
    }
    _ = try transition(to: .running)
  }
}
