private import ByteIO
private import CVFIO
public import Devices

extension KernelDevice {
  // The largest that there is (PCIe 7.2).
  private static let configurationByteLimit: UInt64 = 4096

  private func configurationRegion(
    _ operation: DeviceError.Operation
  ) throws(DeviceError) -> RegionInformation? {
    guard
      let region = regions.first(where: { $0.index == UInt32(CVFIO_PCI_CONFIG_REGION_INDEX) }),
      region.byteCount > 0
    else { return nil }
    guard region.byteCount <= Self.configurationByteLimit,
      region.offset <= UInt64(Int64.max) - region.byteCount
    else {
      throw DeviceError(
        operation, .invalid,
        detail: "expected a region of at most \(Self.configurationByteLimit) bytes, found "
          + "\(region.byteCount) at \(region.offset)")
    }
    return region
  }

  /// All of the configuration region: 4096 bytes, 256, or what the driver says (mtty has 255); none for a device that is
  /// not PCI.
  public func configurationSpace() throws(DeviceError) -> [UInt8] {
    guard information.flags.contains(.pci),
      let region = try configurationRegion(.readConfiguration(at: 0))
    else { return [] }
    let wanted = Int(region.byteCount)
    var buffer = ByteBuffer(capacity: wanted)
    while buffer.count < wanted {
      let count = buffer.count
      let got: Int
      do throws(ErrorNumber) {
        got = try buffer.fill(limit: wanted - count) { (span) throws(ErrorNumber) in
          try kernel.read(descriptor, into: &span, at: region.offset + UInt64(count))
        }
      } catch {
        throw DeviceError(.readConfiguration(at: count), error)
      }
      guard got > 0 else {
        throw DeviceError(
          .readConfiguration(at: count), .inputOutput,
          detail: "expected \(wanted) bytes, found \(count)")
      }
    }
    return [UInt8](buffer.bytes)
  }

  public func writeConfiguration(_ bytes: [UInt8], at offset: Int) throws(DeviceError) {
    let operation = DeviceError.Operation.writeConfiguration(at: offset)
    guard let region = try configurationRegion(operation), offset >= 0,
      bytes.count <= Int(region.byteCount), offset <= Int(region.byteCount) - bytes.count
    else { throw DeviceError(operation, .invalid, detail: "it lies outside the region") }
    var count = 0
    while count < bytes.count {
      let rest = bytes[count...]
      do throws(ErrorNumber) {
        let taken = try kernel.write(
          descriptor, rest.span.raw, at: region.offset + UInt64(offset + count))
        guard taken > 0 else { throw .inputOutput }
        count += taken
      } catch {
        throw DeviceError(.writeConfiguration(at: offset + count), error)
      }
    }
  }
}
