import ByteIO
import Devices
private import Glibc
import VFIOUser
import VirtualPCI
import YAMLReader

extension ServedFunction {
  /// Answers the operator's side: the device's own configuration space, its state, and what the
  /// guest sees. It touches nothing that is the client's.
  func controlReply(to request: Request) throws(LinuxErrno) -> Answer {
    switch request {
    case .readRegion(let range): return Answer(.regionData(range, try physical(range)))
    case .interruptInformation, .setInterrupts, .mapDMA, .unmapDMA, .writeRegion, .writeRegions:
      throw .notPermitted
    case .unknown(.readGuestSpace, _):
      let state = try naming { () throws(DeviceError) in try configuration.save() }
      return Answer(.other(state.map { [UInt8]($0.json.line.utf8) } ?? []))
    case .unknown(.writeGuestSpace, let body):
      try restore(body)
      return Answer(.done)
    default: return try reply(to: request, .control)
    }
  }

  /// Bytes of the device's own configuration space.
  private func physical(_ range: RegionRange) throws(LinuxErrno) -> [UInt8] {
    guard range.region == Self.configurationRegion,
      let device = device as? any ConfigurableDevice
    else { throw .notPermitted }
    let space = try naming { () throws(DeviceError) in try device.configurationSpace() }
    guard range.offset <= UInt64(space.count),
      UInt64(range.byteCount) <= UInt64(space.count) - range.offset
    else { throw .invalid }
    let start = Int(range.offset)
    return Array(space[start..<start + Int(range.byteCount)])
  }

  private func restore(_ body: [UInt8]) throws(LinuxErrno) {
    let state: ConfigSpaceState
    do throws(YAMLError) {
      state = try ConfigSpaceState(parsing: body)
    } catch {
      throw .invalid
    }
    do throws(ServingError) {
      try configuration.restore(state)
    } catch {
      guard case .device(let cause) = error else { throw .invalid }
      throw cause.errno
    }
  }

  /// Brings a device that the operator's side left in the middle to where it can be used; what
  /// became of it.
  ///
  /// What was being saved still has all of its state, and runs on; what was half restored is reset.
  /// A device that was left in STOP stays there, for its state may live elsewhere by now.
  func controlLeft() -> String {
    guard owner == .control else {
      return owner == nil ? "the device runs" : "the device is the client's"
    }
    do throws(DeviceError) {
      switch state {
      case .preCopy, .preCopyP2P, .stopCopy:
        channel = nil
        _ = try device.transition(to: .running)
        owner = nil
        return "the device runs on with its state"
      case .resuming, .error:
        channel = nil
        try device.reset()
        configuration.reset()
        owner = nil
        return "the device was reset, for it was half restored"
      case .stop, .runningP2P: return "the device stays \(stateName)"
      case .running:
        owner = nil
        return "the device runs"
      case nil: return "the state of the device is not known"
      }
    } catch {
      return "the device stays \(stateName): \(error)"
    }
  }
}
