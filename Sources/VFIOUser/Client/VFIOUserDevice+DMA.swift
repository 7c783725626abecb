private import ByteIO
public import Devices

extension VFIOUserDevice: DMADevice {
  /// The server has no descriptor of the memory, and asks for what it needs of it, while it answers
  /// a command.
  public func map(
    _ range: AddressRange, to address: UInt, for access: DMAAccess
  ) throws(DeviceError) {
    try ask(
      .mapDMA(at: range.start), .mapDMA(DMAMapping(access: access, offset: 0, range: range)))
    connection.memory.map(range, to: address, for: access)
  }

  public func unmap(_ range: AddressRange) throws(DeviceError) {
    connection.memory.unmap(range)
    try ask(.unmapDMA(at: range.start), .unmapDMA(DMAUnmapping(range: range)))
  }

  public func startDMALogging(
    _ ranges: [AddressRange], pageByteCount: UInt64
  ) throws(DeviceError) {
    var writer = ByteWriter(reserving: 16 + 16 * ranges.count)
    writer.little(pageByteCount)
    writer.little(UInt32(clamping: ranges.count))
    writer.little(0 as UInt32)
    for range in ranges {
      writer.little(range.start)
      writer.little(range.byteCount)
    }
    try feature(.logDMA, FeatureRequest(.startDMALogging, .set, writer.bytes), replyByteCount: 0)
  }

  public func stopDMALogging() throws(DeviceError) {
    // As long as the structure that starts it, which libvfio-user wants here too.
    let payload = [UInt8](repeating: 0, count: 16)
    try feature(.logDMA, FeatureRequest(.stopDMALogging, .set, payload), replyByteCount: 0)
  }

  /// With the page size that logging was started with, for libvfio-user does not come back from
  /// smaller ones.
  public func dirtyPages(
    in range: AddressRange, pageByteCount: UInt64
  ) throws(DeviceError) -> [UInt8] {
    precondition(pageByteCount > 0, "a page has bytes")
    let pages = range.byteCount / pageByteCount + (range.byteCount % pageByteCount > 0 ? 1 : 0)
    let byteCount = Int(clamping: pages.addingSaturating(63) / 64 * 8)
    let head = 8 + 24
    guard byteCount <= connection.transferByteLimit - head else {
      throw DeviceError(
        .logDMA, .tooLarge,
        detail: "expected at most \(8 * (connection.transferByteLimit - head)) pages, found "
          + "\(pages)")
    }
    var writer = ByteWriter(reserving: 24)
    writer.little(range.start)
    writer.little(range.byteCount)
    writer.little(pageByteCount)
    let payload = try feature(
      .logDMA,
      FeatureRequest(
        .reportDMALogging, .get, writer.bytes, replyLimit: UInt32(head + byteCount)),
      replyByteCount: 24 + byteCount)
    return Array(payload[24..<24 + byteCount])
  }
}
