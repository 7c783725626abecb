public import Devices
private import SystemPackage

extension KernelDevice: PCIRegionDevice {
  public var hiddenCapabilities: Set<UInt16> { VFIORegion.hiddenCapabilities }

  /// Where a region's bytes stand in the device's file, which has offsets of 63 bits.
  private func place(
    in index: UInt32, holding byteCount: Int, at offset: UInt64, _ operation: DeviceError.Operation
  ) throws(DeviceError) -> UInt64 {
    let region = try region(index, holding: byteCount, at: offset, operation)
    guard region.byteCount <= UInt64(Int64.max),
      region.offset <= UInt64(Int64.max) - region.byteCount
    else {
      throw DeviceError(
        operation, .invalid,
        detail: "expected a region within 63 bits, found \(region.byteCount) bytes at "
          + "\(region.offset)")
    }
    return region.offset + offset
  }

  public func read(
    into span: inout MutableRawSpan, from index: UInt32, at offset: UInt64
  ) throws(DeviceError) -> Int {
    let operation = DeviceError.Operation.readRegion(index, at: offset)
    let place = try place(in: index, holding: span.byteCount, at: offset, operation)
    do throws(LinuxErrno) {
      return try kernel.read(descriptor, into: &span, at: place)
    } catch {
      throw DeviceError(operation, error)
    }
  }

  public func write(
    _ bytes: RawSpan, to index: UInt32, at offset: UInt64
  ) throws(DeviceError) -> Int {
    let operation = DeviceError.Operation.writeRegion(index, at: offset)
    let place = try place(in: index, holding: bytes.byteCount, at: offset, operation)
    do throws(LinuxErrno) {
      return try kernel.write(descriptor, bytes, at: place)
    } catch {
      throw DeviceError(operation, error)
    }
  }

  public func mapping(of index: UInt32) throws(DeviceError) -> RegionMapping? {
    _ = try place(in: index, holding: 0, at: 0, .mapRegion(index))
    let (region, areas) = try mappableAreas(of: index)
    guard !areas.isEmpty else { return nil }
    return RegionMapping(descriptor: descriptor.rawValue, offset: region.offset, areas: areas)
  }
}
