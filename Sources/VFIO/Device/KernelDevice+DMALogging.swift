private import CVFIO
public import Devices

extension KernelDevice {
  /// Part of a device's address space.
  public struct AddressRange: Sendable, Hashable {
    /// The first I/O virtual address.
    public var start: UInt64
    /// The number of bytes, a multiple of the page size.
    public var byteCount: UInt64

    /// A range of I/O virtual addresses.
    public init(start: UInt64, byteCount: UInt64) {
      self.start = start
      self.byteCount = byteCount
    }
  }

  /// Has the device note which pages of `ranges` it writes to.
  ///
  /// The corresponding feature is `VFIO_DEVICE_FEATURE_DMA_LOGGING_START`.
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
    _ = try attempt(.logDMA) { (file) throws(ErrorNumber) in
      try file.feature(
        .startDMALogging, .set, payload, pointerOffset: 16, memory: memory)
    }
  }

  /// The corresponding feature is `VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP`.
  public func stopDMALogging() throws(DeviceError) {
    try attempt(.logDMA) { (file) throws(ErrorNumber) in try file.feature(.stopDMALogging, .set) }
  }

  /// A bit for each page of `range`, the lowest first: set where the device wrote since it was last asked.
  ///
  /// The corresponding feature is `VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT`.
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
    return try attempt(.logDMA) { (file) throws(ErrorNumber) in
      try file.feature(
        .reportDMALogging, .get, payload, pointerOffset: 24, memory: memory)
    }
  }
}
