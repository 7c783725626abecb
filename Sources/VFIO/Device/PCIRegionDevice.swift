private import ByteIO
private import CVFIO
public import Devices
package import MigrationStream
private import PCIConfig

/// A device whose configuration space is one of its regions: one of the kernel's, or one that a
/// server describes by the kernel's structures.
///
/// Registers are read and written as bytes of that region, in as many calls as whoever has the
/// device wants.
public protocol PCIRegionDevice: MigratableDevice, RegionDevice, ConfigurableDevice {
  /// What the driver or the server says of the device.
  var information: DeviceInformation { get }
}

// The configuration region, and the most bytes that one has (PCIe 7.2).
private let configuration = UInt32(CVFIO_PCI_CONFIG_REGION_INDEX)
private let configurationByteLimit: UInt64 = 4096

extension PCIRegionDevice {
  /// The identity that regions and configuration space tell, of a device with this driver; nothing
  /// of PCI if the space cannot be read.
  package func identity(driver: String?) -> DeviceIdentity {
    var identity = DeviceIdentity(name: name, driver: driver)
    if information.flags.contains(.pci), let space = try? ConfigSpace(configurationSpace()) {
      identity.pci = DeviceIdentity.PCIIdentity(
        vendorID: space.vendorID, deviceID: space.deviceID,
        subsystemVendorID: space.subsystem?.vendor, subsystemID: space.subsystem?.device,
        classCode: space.classCode, revisionID: space.revisionID)
    }
    identity.regions = regions.map(\.record)
    return identity
  }

  /// The region with this number, which must hold so many bytes at `offset`.
  package func region(
    _ index: UInt32, holding byteCount: Int, at offset: UInt64, _ operation: DeviceError.Operation
  ) throws(DeviceError) -> RegionInformation {
    guard let region = regions.first(where: { $0.index == index }) else {
      throw DeviceError(operation, .invalid, detail: "the device has no such region")
    }
    guard UInt64(byteCount) <= region.byteCount, offset <= region.byteCount - UInt64(byteCount)
    else { throw DeviceError(operation, .invalid, detail: "it lies outside the region") }
    return region
  }

  /// The bytes of a region that can be mapped; EINVAL for a list of them that makes no sense.
  package func mappableAreas(
    of index: UInt32
  ) throws(DeviceError) -> (region: RegionInformation, areas: [Range<UInt64>]) {
    let operation = DeviceError.Operation.mapRegion(index)
    let region = try region(index, holding: 0, at: 0, operation)
    do throws(InformationError) {
      return (region, try region.mappableAreas())
    } catch {
      throw DeviceError(operation, .invalid, detail: "\(error)")
    }
  }

  /// How many bytes the configuration region has; 0 if the device has none.
  private func configurationByteCount(
    _ operation: DeviceError.Operation
  ) throws(DeviceError) -> Int {
    guard information.flags.contains(.pci),
      let region = regions.first(where: { $0.index == configuration })
    else { return 0 }
    guard region.byteCount <= configurationByteLimit else {
      throw DeviceError(
        operation, .invalid,
        detail: "expected a region of at most \(configurationByteLimit) bytes, found "
          + "\(region.byteCount) at \(region.offset)")
    }
    return Int(region.byteCount)
  }

  public func configurationSpace() throws(DeviceError) -> [UInt8] {
    try readConfiguration(at: 0, whole: try configurationByteCount(.readConfiguration(at: 0)))
  }

  /// Reads so many bytes of the configuration region, in as many calls as the device wants.
  private func readConfiguration(at offset: Int, whole wanted: Int) throws(DeviceError) -> [UInt8] {
    var buffer = ByteBuffer(capacity: wanted)
    while buffer.count < wanted {
      let place = offset + buffer.count
      let operation = DeviceError.Operation.readConfiguration(at: place)
      let count: Int
      do throws(DeviceError) {
        count = try buffer.fill(limit: wanted - buffer.count) { (span) throws(DeviceError) in
          try read(into: &span, from: configuration, at: UInt64(place))
        }
      } catch {
        throw error.at(operation)
      }
      guard count > 0 else {
        throw DeviceError(
          operation, .inputOutput, detail: "expected \(wanted) bytes, found \(buffer.count)")
      }
    }
    return [UInt8](buffer.bytes)
  }

  public func readConfiguration(at offset: Int, byteCount: Int) throws(DeviceError) -> UInt32 {
    let operation = DeviceError.Operation.readConfiguration(at: offset)
    try checkRegister(at: offset, byteCount: byteCount, operation)
    return try readConfiguration(at: offset, whole: byteCount).reversed().reduce(0) {
      $0 << 8 | UInt32($1)
    }
  }

  public func writeConfiguration(
    _ value: UInt32, at offset: Int, byteCount: Int
  ) throws(DeviceError) {
    let operation = DeviceError.Operation.writeConfiguration(at: offset)
    try checkRegister(at: offset, byteCount: byteCount, operation)
    let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
    let count: Int
    do throws(DeviceError) {
      count = try write(bytes.span.raw, to: configuration, at: UInt64(offset))
    } catch {
      throw error.at(operation)
    }
    // A register that took half of a value has none that anybody meant.
    guard count == byteCount else {
      throw DeviceError(
        operation, .inputOutput, detail: "expected \(byteCount) bytes, found \(count)")
    }
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
