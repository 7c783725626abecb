private import ByteIO
public import Devices
public import VFIO

// VFIO_PCI_CONFIG_REGION_INDEX.
private let configuration: UInt32 = 7

extension VFIOUserDevice: PCIRegionDevice {
  public func read(
    into span: inout MutableRawSpan, from index: UInt32, at offset: UInt64
  ) throws(DeviceError) -> Int {
    let operation = DeviceError.Operation.readRegion(index, at: offset)
    try requireAccess(to: index, operation)
    _ = try region(index, holding: span.byteCount, at: offset, operation)
    let count = min(span.byteCount, connection.transferByteLimit)
    let range = RegionRange(region: index, offset: offset, byteCount: UInt32(count))
    guard case .regionData(_, let data) = try ask(operation, .readRegion(range)) else {
      preconditionFailure("it was asked for")
    }
    span.copy(data.span.raw)
    return count
  }

  public func write(
    _ bytes: RawSpan, to index: UInt32, at offset: UInt64
  ) throws(DeviceError) -> Int {
    let operation = DeviceError.Operation.writeRegion(index, at: offset)
    try requireAccess(to: index, operation)
    _ = try region(index, holding: bytes.byteCount, at: offset, operation)
    let count = min(bytes.byteCount, connection.transferByteLimit)
    let range = RegionRange(region: index, offset: offset, byteCount: UInt32(count))
    let data = [UInt8](bytes.extracting(first: count))
    guard
      case .regionWritten(let written) = try ask(operation, .writeRegion(range, data))
    else { preconditionFailure("it was asked for") }
    return Int(written.byteCount)
  }

  /// Keeps registers from being touched while this client has the device stopped: EBUSY.
  ///
  /// Its user is to do so (include/uapi/linux/vfio.h, RUNNING_P2P -> STOP), but for the
  /// configuration space, which the device answers for in STOP. In STOP_COPY libvfio-user refuses
  /// that too.
  private func requireAccess(
    to index: UInt32, _ operation: DeviceError.Operation
  ) throws(DeviceError) {
    let isConfiguration = index == configuration
    switch lastState {
    case .running, .runningP2P, .preCopy, .preCopyP2P, .error: return
    case .stop where isConfiguration, .resuming where isConfiguration: return
    case .stop, .stopCopy, .resuming:
      throw DeviceError(
        operation, .busy, detail: "registers are not to be touched in \(lastState)")
    }
  }

  public func mapping(of index: UInt32) throws(DeviceError) -> RegionMapping? {
    let (region, areas) = try mappableAreas(of: index)
    guard let file = regionFiles[index], !areas.isEmpty else { return nil }
    return RegionMapping(descriptor: file.number, offset: region.offset, areas: areas)
  }
}

extension VFIOUserDevice: InterruptDevice {
  public func interrupts() throws(DeviceError) -> [InterruptInformation] {
    var found: [InterruptInformation] = []
    for index in 0..<information.interruptCount {
      let question = InformationRequest(replyLimit: 16, index: index)
      do throws(DeviceError) {
        guard
          case .interrupt(let interrupt) = try ask(.identify, .interruptInformation(question))
        else { preconditionFailure("it was asked for") }
        found.append(interrupt)
      } catch  where error.errno == .invalid {
        // As vfio-pci answers for a kind that a function lacks.
      }
    }
    return found
  }
}

extension VFIOUserDevice {
  /// In messages of as many descriptors as the server takes; vectors without one go in messages of
  /// their own.
  public func set(_ setup: InterruptSetup, eventfds: [Int32]) throws(DeviceError) {
    guard !eventfds.isEmpty else {
      try ask(.setInterrupts, .setInterrupts(setup))
      return
    }
    precondition(eventfds.count == Int(setup.count), "there is a descriptor for each vector")
    var place = 0
    while place < eventfds.count {
      let hasFile = eventfds[place] >= 0
      let run = eventfds[place...].prefix { ($0 >= 0) == hasFile }
      let part = hasFile ? run.prefix(connection.descriptorLimit) : run
      var message = setup
      message.start += UInt32(place)
      message.count = UInt32(part.count)
      try ask(.setInterrupts, .setInterrupts(message), descriptors: hasFile ? Array(part) : [])
      place += part.count
    }
  }
}

extension VFIOUserDevice: FeatureDevice {
  public func has(_ feature: DeviceFeature, for access: DeviceFeature.Access) -> Bool {
    let request = FeatureRequest(feature, [access, .probe])
    return (try? ask(.identify, .feature(request))) != nil
  }
}
