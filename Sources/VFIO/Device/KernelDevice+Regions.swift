private import ByteIO
private import CVFIO
public import Devices
private import SystemPackage

extension KernelDevice: RegionDevice {
  /// The region with this number, which must hold so many bytes at `offset`.
  private func region(
    _ index: UInt32, holding byteCount: Int, at offset: UInt64, _ operation: DeviceError.Operation
  ) throws(DeviceError) -> RegionInformation {
    guard let region = regions.first(where: { $0.index == index }) else {
      throw DeviceError(operation, .invalid, detail: "the device has no such region")
    }
    guard region.byteCount <= UInt64(Int64.max),
      region.offset <= UInt64(Int64.max) - region.byteCount
    else {
      throw DeviceError(
        operation, .invalid,
        detail: "expected a region within 63 bits, found \(region.byteCount) bytes at "
          + "\(region.offset)")
    }
    guard UInt64(byteCount) <= region.byteCount, offset <= region.byteCount - UInt64(byteCount)
    else { throw DeviceError(operation, .invalid, detail: "it lies outside the region") }
    return region
  }

  public func read(
    into span: inout MutableRawSpan, from index: UInt32, at offset: UInt64
  ) throws(DeviceError) -> Int {
    let operation = DeviceError.Operation.readRegion(index, at: offset)
    let region = try region(index, holding: span.byteCount, at: offset, operation)
    do throws(LinuxErrno) {
      return try kernel.read(descriptor, into: &span, at: region.offset + offset)
    } catch {
      throw DeviceError(operation, error)
    }
  }

  public func write(
    _ bytes: RawSpan, to index: UInt32, at offset: UInt64
  ) throws(DeviceError) -> Int {
    let operation = DeviceError.Operation.writeRegion(index, at: offset)
    let region = try region(index, holding: bytes.byteCount, at: offset, operation)
    do throws(LinuxErrno) {
      return try kernel.write(descriptor, bytes, at: region.offset + offset)
    } catch {
      throw DeviceError(operation, error)
    }
  }

  public func mapping(of index: UInt32) throws(DeviceError) -> RegionMapping? {
    let operation = DeviceError.Operation.mapRegion(index)
    let region = try region(index, holding: 0, at: 0, operation)
    let areas: [Range<UInt64>]
    do throws(InformationError) {
      areas = try region.mappableAreas()
    } catch {
      throw DeviceError(operation, .invalid, detail: "\(error)")
    }
    guard !areas.isEmpty else { return nil }
    return RegionMapping(descriptor: descriptor.rawValue, offset: region.offset, areas: areas)
  }
}

extension KernelDevice: ConfigurableDevice {
  /// PASID, L1 PM Substates, PTM and DOE, which vfio-pci shows no length of or does not know
  /// (drivers/vfio/pci/vfio_pci_config.c, pci_ext_cap_length).
  public var hiddenCapabilities: Set<UInt16> { [0x1b, 0x1e, 0x1f, 0x2e] }

  // The largest that there is (PCIe 7.2).
  private static let configurationByteLimit: UInt64 = 4096
  private static let configuration = UInt32(CVFIO_PCI_CONFIG_REGION_INDEX)

  /// How many bytes the configuration region has; 0 if the device has none.
  private func configurationByteCount(
    _ operation: DeviceError.Operation
  ) throws(DeviceError) -> Int {
    guard information.flags.contains(.pci),
      let region = regions.first(where: { $0.index == Self.configuration })
    else { return 0 }
    guard region.byteCount <= Self.configurationByteLimit else {
      throw DeviceError(
        operation, .invalid,
        detail: "expected a region of at most \(Self.configurationByteLimit) bytes, found "
          + "\(region.byteCount) at \(region.offset)")
    }
    return Int(region.byteCount)
  }

  public func configurationSpace() throws(DeviceError) -> [UInt8] {
    try readConfiguration(at: 0, whole: try configurationByteCount(.readConfiguration(at: 0)))
  }

  /// Reads so many bytes of the configuration region, in as many calls as the driver wants.
  private func readConfiguration(at offset: Int, whole wanted: Int) throws(DeviceError) -> [UInt8] {
    var buffer = ByteBuffer(capacity: wanted)
    while buffer.count < wanted {
      let place = offset + buffer.count
      let operation = DeviceError.Operation.readConfiguration(at: place)
      let count: Int
      do throws(DeviceError) {
        count = try buffer.fill(limit: wanted - buffer.count) { (span) throws(DeviceError) in
          try read(into: &span, from: Self.configuration, at: UInt64(place))
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
      count = try write(bytes.span.raw, to: Self.configuration, at: UInt64(offset))
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
