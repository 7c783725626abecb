private import ByteIO
public import Devices
public import VFIO

extension VFIOUserDevice: PCIRegionDevice {
  public func read(
    into span: inout MutableRawSpan, from index: UInt32, at offset: UInt64
  ) throws(DeviceError) -> Int {
    let operation = DeviceError.Operation.readRegion(index, at: offset)
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
    _ = try region(index, holding: bytes.byteCount, at: offset, operation)
    let count = min(bytes.byteCount, connection.transferByteLimit)
    let range = RegionRange(region: index, offset: offset, byteCount: UInt32(count))
    let data = [UInt8](bytes.extracting(first: count))
    guard
      case .regionWritten(let written) = try ask(operation, .writeRegion(range, data))
    else { preconditionFailure("it was asked for") }
    return Int(written.byteCount)
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
  public func set(_ setup: InterruptSetup, eventfds: [Int32]) throws(DeviceError) {
    try ask(.setInterrupts, .setInterrupts(setup), descriptors: eventfds.filter { $0 >= 0 })
  }
}

extension VFIOUserDevice: FeatureDevice {
  public func has(_ feature: DeviceFeature, for access: DeviceFeature.Access) -> Bool {
    let request = FeatureRequest(feature, [access, .probe])
    return (try? ask(.identify, .feature(request))) != nil
  }
}
