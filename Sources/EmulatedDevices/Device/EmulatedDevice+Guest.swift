private import ByteIO
public import Devices
import MigrationStream

extension EmulatedDevice: RegionDevice {
  // More than any family has registers; what a guest fills with data is not of this process.
  private static let pageLimit = 4096

  /// The BARs and the configuration space; nothing of them can be mapped.
  public var regions: [RegionInformation] {
    model.regions.map { region in
      RegionInformation(
        index: region.index,
        flags: RegionInformation.Flags(rawValue: region.flags).subtracting(.map),
        byteCount: region.byteCount, offset: 0)
    }
  }

  private func check(
    _ operation: DeviceError.Operation, _ index: UInt32, _ offset: UInt64, _ byteCount: Int
  ) throws(DeviceError) {
    let size = model.regions.first { $0.index == index }?.byteCount ?? 0
    guard UInt64(byteCount) <= size, offset <= size - UInt64(byteCount) else {
      throw DeviceError(operation, .invalid)
    }
  }

  // VFIO_PCI_CONFIG_REGION_INDEX.
  private static let configuration: UInt32 = 7

  public func read(
    into span: inout MutableRawSpan, from region: UInt32, at offset: UInt64
  ) throws(DeviceError) -> Int {
    let count = span.byteCount
    try check(.readRegion(region, at: offset), region, offset, count)
    let bytes = try bytes(of: region, at: offset, count)
    span.copy(bytes.span.raw)
    return count
  }

  private func bytes(
    of region: UInt32, at offset: UInt64, _ count: Int
  ) throws(DeviceError) -> [UInt8] {
    if region == Self.configuration {
      return Array(try configurationSpace()[Int(offset)..<Int(offset) + count])
    }
    return model.read(region: region, at: offset, byteCount: count)
      ?? regionMemory[region]?.read(at: offset, byteCount: count)
      ?? [UInt8](repeating: 0, count: count)
  }

  /// Throws ENOMEM if the guest keeps more in the device's regions than a model has room for.
  public func write(
    _ bytes: RawSpan, to region: UInt32, at offset: UInt64
  ) throws(DeviceError) -> Int {
    let operation = DeviceError.Operation.writeRegion(region, at: offset)
    let count = bytes.byteCount
    try check(operation, region, offset, count)
    let bytes = [UInt8](bytes)
    if region == Self.configuration {
      try writeConfiguration(bytes, at: Int(offset))
    } else if !model.write(bytes, region: region, at: offset) {
      let held = regionMemory.values.reduce(0) { $0 + $1.pageCount }
      let new = regionMemory[region, default: RegionMemory()]
        .newPages(at: offset, byteCount: count)
      guard held + new <= Self.pageLimit else { throw DeviceError(operation, .outOfMemory) }
      regionMemory[region, default: RegionMemory()].write(bytes, at: offset)
    }
    return count
  }

  public func mapping(of region: UInt32) throws(DeviceError) -> RegionMapping? { nil }
}

extension EmulatedDevice: HostedDevice {
  /// Not while the guest has turned INTx off (Interrupt Disable, PCI 3.0, 6.2.2).
  public var isInterruptPending: Bool {
    let space = model.configuration
    let isDisabled = space.count > 0x05 && space[0x05] & 0x04 != 0
    return !isDisabled && model.isInterruptPending
  }

  /// A function reaches into memory only as bus master (PCI 3.0, 6.2.2).
  public func advance(to now: Duration) -> Duration? {
    let space = model.configuration
    guard let memory, space.count > 0x04, space[0x04] & 0x04 != 0 else { return nil }
    return model.advance(to: now, in: memory)
  }
}
