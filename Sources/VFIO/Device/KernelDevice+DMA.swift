private import CVFIO
public import Devices

extension KernelDevice: DMADevice {
  /// The corresponding ioctl is `IOMMU_IOAS_MAP`; a device that came through its group, or without
  /// its address space, has nobody to map for it here.
  public func map(
    _ range: AddressRange, to address: UInt, for access: DMAAccess
  ) throws(DeviceError) {
    do throws(LinuxErrno) {
      guard addressSpace != nil else { throw .notSupported }
      try addressSpace?.map(range, to: address, for: access)
    } catch {
      throw DeviceError(.mapDMA(at: range.start), error)
    }
  }

  /// The corresponding ioctl is `IOMMU_IOAS_MAP_FILE`; EOPNOTSUPP of a kernel before Linux 6.13,
  /// for a file that is not in memory, and if there is no address space.
  public func map(
    _ range: AddressRange, file: Int32, offset: UInt64, for access: DMAAccess
  ) throws(DeviceError) {
    do throws(LinuxErrno) {
      guard addressSpace != nil else { throw .notSupported }
      try addressSpace?.map(range, file: file, offset: offset, for: access)
    } catch {
      // ENOTTY of an older kernel, EBADF and EINVAL of a file that has no folios to pin.
      let isAbsent = [.notSupportedByDriver, .badDescriptor, .invalid].contains(error)
      throw DeviceError(.mapDMA(at: range.start), isAbsent ? .notSupported : error)
    }
  }

  /// The corresponding ioctl is `IOMMU_IOAS_UNMAP`.
  public func unmap(_ range: AddressRange) throws(DeviceError) {
    do throws(LinuxErrno) {
      guard addressSpace != nil else { throw .notSupported }
      try addressSpace?.unmap(range)
    } catch {
      throw DeviceError(.unmapDMA(at: range.start), error)
    }
  }

  public func startDMALogging(
    _ ranges: [AddressRange], pageByteCount: UInt64
  ) throws(DeviceError) {
    var request = cvfio_device_feature_dma_logging_control()
    request.page_size = pageByteCount
    request.num_ranges = UInt32(clamping: ranges.count)
    let payload = request
    let memory = ranges.flatMap { range in
      IoctlArgument.bytes(
        of: cvfio_device_feature_dma_logging_range(iova: range.start, length: range.byteCount))
    }
    _ = try attempt(.logDMA) { (file) throws(LinuxErrno) in
      try file.feature(
        .startDMALogging, .set, payload, pointerOffset: 16, memory: memory)
    }
  }

  public func stopDMALogging() throws(DeviceError) {
    try attempt(.logDMA) { (file) throws(LinuxErrno) in try file.feature(.stopDMALogging, .set) }
  }

  public func dirtyPages(
    in range: AddressRange, pageByteCount: UInt64
  ) throws(DeviceError) -> [UInt8] {
    precondition(pageByteCount > 0, "a page has bytes")
    var request = cvfio_device_feature_dma_logging_report()
    request.iova = range.start
    request.length = range.byteCount
    request.page_size = pageByteCount
    let payload = request
    let pages = range.byteCount / pageByteCount + (range.byteCount % pageByteCount > 0 ? 1 : 0)
    // The kernel writes words of 64 bits.
    let memory = [UInt8](repeating: 0, count: Int(clamping: (pages + 63) / 64 * 8))
    return try attempt(.logDMA) { (file) throws(LinuxErrno) in
      try file.feature(
        .reportDMALogging, .get, payload, pointerOffset: 24, memory: memory)
    }
  }
}
