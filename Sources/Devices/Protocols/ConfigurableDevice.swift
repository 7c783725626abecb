/// A device with a configuration region, whose registers somebody reads and writes for a guest.
public protocol ConfigurableDevice: AnyObject {
  /// The ids of extended capabilities that the region leaves out though the function may have them.
  var hiddenCapabilities: Set<UInt16> { get }

  /// All of the region: 4096 bytes, 256, or what the driver says (mtty has 255); none for a device
  /// that is not PCI.
  func configurationSpace() throws(DeviceError) -> [UInt8]

  /// Reads 1, 2 or 4 bytes at an offset that is a multiple of the count, lowest byte first.
  ///
  /// Anything else is EINVAL, as is a register outside the region.
  func readConfiguration(at offset: Int, byteCount: Int) throws(DeviceError) -> UInt32

  /// Writes 1, 2 or 4 bytes at an offset that is a multiple of the count, lowest byte first; the
  /// register may keep other bits than it was given.
  ///
  /// Anything else is EINVAL, as is a register outside the region.
  func writeConfiguration(_ value: UInt32, at offset: Int, byteCount: Int) throws(DeviceError)
}

extension ConfigurableDevice {
  /// None, unless the device says so.
  public var hiddenCapabilities: Set<UInt16> { [] }

  /// Whether a region of so many bytes has a register of this size at `offset`.
  package static func hasRegister(
    at offset: Int, byteCount: Int, in regionByteCount: Int
  ) -> Bool {
    [1, 2, 4].contains(byteCount) && offset >= 0 && offset % byteCount == 0
      && offset <= regionByteCount - byteCount
  }
}

extension MigratableDevice {
  /// The configuration region of the device; empty if its family has none.
  public func configurationRegion() throws(DeviceError) -> [UInt8] {
    try (self as? any ConfigurableDevice)?.configurationSpace() ?? []
  }
}
