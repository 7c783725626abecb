import ByteIO
public import Devices

/// What a command asks for: all commands of the specification, in both directions.
public enum Request: Sendable, Hashable {
  case version(VersionOffer)
  case mapDMA(DMAMapping)
  case unmapDMA(DMAUnmapping)
  case deviceInformation(InformationRequest)
  case regionInformation(InformationRequest)
  case regionIODescriptors(InformationRequest)
  case interruptInformation(InformationRequest)
  case setInterrupts(InterruptSetup)
  case readRegion(RegionRange)
  case writeRegion(RegionRange, [UInt8])
  /// Several writes, each of at most 8 bytes.
  case writeRegions([RegionWrite])
  case readDMA(AddressRange)
  case writeDMA(address: UInt64, [UInt8])
  case reset
  case feature(FeatureRequest)
  case readMigrationData(replyLimit: UInt32, byteCount: UInt32)
  case writeMigrationData([UInt8])
  /// A command that the specification does not have.
  case unknown(MessageCommand, [UInt8])
}

/// Memory that the device may reach (DMA_MAP); the descriptor that comes with it is the memory's.
public struct DMAMapping: Sendable, Hashable {
  /// What the device may do with it.
  public var access: DMAAccess
  /// Where the memory begins in the descriptor's file.
  public var offset: UInt64
  /// The device's addresses.
  public var range: AddressRange

  /// Memory at addresses of the device.
  public init(access: DMAAccess, offset: UInt64, range: AddressRange) {
    self.access = access
    self.offset = offset
    self.range = range
  }
}

/// Memory that the device may not reach any more (DMA_UNMAP).
public struct DMAUnmapping: Sendable, Hashable {
  /// 1 is `VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP` of old, 2 `VFIO_DMA_UNMAP_FLAG_ALL`.
  public var flags: UInt32
  /// The device's addresses.
  public var range: AddressRange

  /// Addresses that were mapped.
  public init(flags: UInt32 = 0, range: AddressRange) {
    self.flags = flags
    self.range = range
  }

  /// Whether everything is unmapped; the addresses are 0 then.
  public var isAll: Bool { flags & 2 != 0 }
}

/// A question about the device, one of its regions or one kind of its interrupts.
public struct InformationRequest: Sendable, Hashable {
  /// The most bytes of the reply's body that the client takes (`argsz`).
  public var replyLimit: UInt32
  /// The number of the region or interrupt; 0 for the device.
  public var index: UInt32

  /// A question whose answer may have so many bytes.
  public init(replyLimit: UInt32, index: UInt32 = 0) {
    self.replyLimit = replyLimit
    self.index = index
  }
}

/// Part of a region.
public struct RegionRange: Sendable, Hashable {
  /// The first byte, within the region.
  public var offset: UInt64
  /// The region's number.
  public var region: UInt32
  /// How many bytes.
  public var byteCount: UInt32

  /// `byteCount` bytes from `offset` of a region on.
  public init(region: UInt32, offset: UInt64, byteCount: UInt32) {
    self.offset = offset
    self.region = region
    self.byteCount = byteCount
  }
}

/// One of the writes of REGION_WRITE_MULTI.
public struct RegionWrite: Sendable, Hashable {
  /// The first byte, within the region.
  public var offset: UInt64
  /// The region's number.
  public var region: UInt32
  /// At most 8.
  public var bytes: [UInt8]

  /// A write of a few bytes.
  public init(region: UInt32, offset: UInt64, bytes: [UInt8]) {
    self.offset = offset
    self.region = region
    self.bytes = bytes
  }
}

/// A feature that is read, set or asked for (DEVICE_FEATURE, `struct vfio_device_feature`).
public struct FeatureRequest: Sendable, Hashable {
  /// The most bytes of the reply's body that the client takes (`argsz`).
  public var replyLimit: UInt32
  /// Which feature.
  public var feature: DeviceFeature
  /// What is done with it.
  public var access: DeviceFeature.Access
  /// The feature's own structure.
  public var payload: [UInt8]

  /// A request for a feature; without a limit the reply may be as long as the request.
  public init(
    _ feature: DeviceFeature, _ access: DeviceFeature.Access, _ payload: [UInt8] = [],
    replyLimit: UInt32? = nil
  ) {
    self.feature = feature
    self.access = access
    self.payload = payload
    self.replyLimit = replyLimit ?? UInt32(Self.headByteCount + payload.count)
  }

  /// The bytes before the payload.
  public static let headByteCount = 8
}

extension Request {
  /// The command that asks for it.
  public var command: MessageCommand {
    switch self {
    case .version: .version
    case .mapDMA: .mapDMA
    case .unmapDMA: .unmapDMA
    case .deviceInformation: .getDeviceInformation
    case .regionInformation: .getRegionInformation
    case .regionIODescriptors: .getRegionIODescriptors
    case .interruptInformation: .getInterruptInformation
    case .setInterrupts: .setInterrupts
    case .readRegion: .readRegion
    case .writeRegion: .writeRegion
    case .writeRegions: .writeRegions
    case .readDMA: .readDMA
    case .writeDMA: .writeDMA
    case .reset: .reset
    case .feature: .feature
    case .readMigrationData: .readMigrationData
    case .writeMigrationData: .writeMigrationData
    case .unknown(let command, _): command
    }
  }
}
