/// A device that reaches into memory, by addresses that somebody maps for it.
public protocol DMADevice: AnyObject {
  /// Has the device see memory of this process, from `address` on, at `range` of its own addresses.
  ///
  /// The memory must stay mapped in the process until it is unmapped here.
  func map(
    _ range: AddressRange, to address: UInt, for access: DMAAccess
  ) throws(DeviceError)

  /// Has the device see part of a file in memory, from `offset` on; EOPNOTSUPP if it cannot be had
  /// so, and the memory must be mapped in this process.
  func map(
    _ range: AddressRange, file: Int32, offset: UInt64, for access: DMAAccess
  ) throws(DeviceError)

  /// Takes away what the device sees at `range`.
  func unmap(_ range: AddressRange) throws(DeviceError)

  /// Has the device note which pages of `ranges` it writes to.
  ///
  /// The corresponding feature is `VFIO_DEVICE_FEATURE_DMA_LOGGING_START`.
  func startDMALogging(_ ranges: [AddressRange], pageByteCount: UInt64) throws(DeviceError)

  /// The corresponding feature is `VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP`.
  func stopDMALogging() throws(DeviceError)

  /// A bit for each page of `range`, the lowest first: set if the device wrote since it was last
  /// asked.
  ///
  /// The corresponding feature is `VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT`.
  func dirtyPages(in range: AddressRange, pageByteCount: UInt64) throws(DeviceError) -> [UInt8]
}

extension DMADevice {
  /// It cannot.
  public func map(
    _ range: AddressRange, file: Int32, offset: UInt64, for access: DMAAccess
  ) throws(DeviceError) {
    throw DeviceError(.mapDMA(at: range.start), .notSupported)
  }
}

/// Part of a device's address space.
public struct AddressRange: Sendable, Hashable {
  /// The first address.
  public var start: UInt64
  /// How many bytes there are from it on.
  public var byteCount: UInt64

  /// `byteCount` addresses from `start` on.
  public init(start: UInt64, byteCount: UInt64) {
    self.start = start
    self.byteCount = byteCount
  }
}

/// What a device may do with mapped memory: the flags of vfio-user's `VFIO_USER_DMA_MAP` and of
/// `VFIO_IOMMU_MAP_DMA`.
public struct DMAAccess: OptionSet, Sendable, Hashable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The device may read it.
  public static var read: Self { Self(rawValue: 1) }
  /// The device may write to it.
  public static var write: Self { Self(rawValue: 2) }
}
