private import ByteIO
public import Devices

extension VFIOUserDevice: RegionDevice {
  private func check(
    _ operation: DeviceError.Operation, _ index: UInt32, _ byteCount: Int, _ offset: UInt64
  ) throws(DeviceError) {
    guard let region = regions.first(where: { $0.index == index }), region.byteCount > 0 else {
      throw DeviceError(operation, .invalid, detail: "the device has no such region")
    }
    guard UInt64(byteCount) <= region.byteCount, offset <= region.byteCount - UInt64(byteCount)
    else { throw DeviceError(operation, .invalid, detail: "it lies outside the region") }
  }

  public func read(
    into span: inout MutableRawSpan, from index: UInt32, at offset: UInt64
  ) throws(DeviceError) -> Int {
    let operation = DeviceError.Operation.readRegion(index, at: offset)
    try check(operation, index, span.byteCount, offset)
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
    try check(operation, index, bytes.byteCount, offset)
    let count = min(bytes.byteCount, connection.transferByteLimit)
    let range = RegionRange(region: index, offset: offset, byteCount: UInt32(count))
    let data = [UInt8](bytes.extracting(first: count))
    guard
      case .regionWritten(let written) = try ask(operation, .writeRegion(range, data))
    else { preconditionFailure("it was asked for") }
    return Int(written.byteCount)
  }

  public func mapping(of index: UInt32) throws(DeviceError) -> RegionMapping? {
    let operation = DeviceError.Operation.mapRegion(index)
    try check(operation, index, 0, 0)
    guard let region = regions.first(where: { $0.index == index }),
      let file = regionFiles[index]
    else { return nil }
    let areas: [Range<UInt64>]
    do throws(InformationError) {
      areas = try region.mappableAreas()
    } catch {
      throw DeviceError(operation, .protocolError, detail: "\(error)")
    }
    guard !areas.isEmpty else { return nil }
    return RegionMapping(descriptor: file.number, offset: region.offset, areas: areas)
  }
}

extension VFIOUserDevice: ConfigurableDevice {
  private static let configuration: UInt32 = 7
  // The largest that there is (PCIe 7.2).
  private static let configurationByteLimit: UInt64 = 4096

  private func configurationByteCount(
    _ operation: DeviceError.Operation
  ) throws(DeviceError) -> Int {
    guard information.flags.contains(.pci),
      let region = regions.first(where: { $0.index == Self.configuration })
    else { return 0 }
    guard region.byteCount <= Self.configurationByteLimit else {
      throw DeviceError(
        operation, .protocolError,
        detail: "expected a region of at most \(Self.configurationByteLimit) bytes, found "
          + "\(region.byteCount)")
    }
    return Int(region.byteCount)
  }

  public func configurationSpace() throws(DeviceError) -> [UInt8] {
    let count = try configurationByteCount(.readConfiguration(at: 0))
    return try configuration(at: 0, count, .readConfiguration(at: 0))
  }

  private func configuration(
    at offset: Int, _ count: Int, _ operation: DeviceError.Operation
  ) throws(DeviceError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let part = min(count - bytes.count, connection.transferByteLimit)
      let range = RegionRange(
        region: Self.configuration, offset: UInt64(offset + bytes.count),
        byteCount: UInt32(part))
      guard case .regionData(_, let data) = try ask(operation, .readRegion(range)) else {
        preconditionFailure("it was asked for")
      }
      bytes += data
    }
    return bytes
  }

  public func readConfiguration(at offset: Int, byteCount: Int) throws(DeviceError) -> UInt32 {
    let operation = DeviceError.Operation.readConfiguration(at: offset)
    try checkRegister(at: offset, byteCount: byteCount, operation)
    return try configuration(at: offset, byteCount, operation).reversed().reduce(0) {
      $0 << 8 | UInt32($1)
    }
  }

  public func writeConfiguration(
    _ value: UInt32, at offset: Int, byteCount: Int
  ) throws(DeviceError) {
    let operation = DeviceError.Operation.writeConfiguration(at: offset)
    try checkRegister(at: offset, byteCount: byteCount, operation)
    let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
    let range = RegionRange(
      region: Self.configuration, offset: UInt64(offset), byteCount: UInt32(byteCount))
    try ask(operation, .writeRegion(range, bytes))
  }

  private func checkRegister(
    at offset: Int, byteCount: Int, _ operation: DeviceError.Operation
  ) throws(DeviceError) {
    let size = try configurationByteCount(operation)
    guard Self.hasRegister(at: offset, byteCount: byteCount, in: size) else {
      throw DeviceError(operation, .invalid, detail: "there is no register of this size")
    }
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
