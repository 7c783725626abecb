/// A device whose regions can be reached: BARs, and what the bus or the driver has besides.
public protocol RegionDevice: AnyObject {
  /// The regions that there are, by their numbers; for PCI, 0 to 5 are the BARs and 7 is the
  /// configuration space.
  var regions: [RegionInformation] { get }

  /// Reads once from `offset` of a region into the front of `span` and returns how many bytes.
  func read(
    into span: inout MutableRawSpan, from region: UInt32, at offset: UInt64
  ) throws(DeviceError) -> Int

  /// Writes once from the front of `bytes` at `offset` of a region and returns how many were taken.
  func write(
    _ bytes: RawSpan, to region: UInt32, at offset: UInt64
  ) throws(DeviceError) -> Int

  /// How a region can be mapped; nil if it cannot, and every access is a call.
  func mapping(of region: UInt32) throws(DeviceError) -> RegionMapping?
}

/// Where to map a region from.
public struct RegionMapping: Sendable, Hashable {
  /// An open file of the device's, which stays its owner's.
  public var descriptor: Int32
  /// Where the region begins in the file.
  public var offset: UInt64
  /// The bytes of the region that can be mapped, in its own offsets; the rest traps.
  public var areas: [Range<UInt64>]

  /// A mapping of `areas` of a region that begins at `offset` of an open file.
  public init(descriptor: Int32, offset: UInt64, areas: [Range<UInt64>]) {
    self.descriptor = descriptor
    self.offset = offset
    self.areas = areas
  }
}
