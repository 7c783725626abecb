private import CVFIO

/// A feature of a device that `VFIO_DEVICE_FEATURE` reads or sets.
public struct DeviceFeature: RawRepresentable, Sendable, Hashable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  private init(_ number: Int32) { rawValue = UInt32(bitPattern: number) }

  public static var migration: Self { Self(CVFIO_DEVICE_FEATURE_MIGRATION) }
  public static var migrationState: Self { Self(CVFIO_DEVICE_FEATURE_MIG_DEVICE_STATE) }
  public static var startDMALogging: Self { Self(CVFIO_DEVICE_FEATURE_DMA_LOGGING_START) }
  public static var stopDMALogging: Self { Self(CVFIO_DEVICE_FEATURE_DMA_LOGGING_STOP) }
  public static var reportDMALogging: Self { Self(CVFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT) }
  public static var migrationDataSize: Self { Self(CVFIO_DEVICE_FEATURE_MIG_DATA_SIZE) }
  /// From Linux 7.1 on: what pre-copy information says of new initial data can be believed.
  public static var preCopyInformation2: Self {
    Self(CVFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2)
  }

  /// What is done with a feature: the bits of `flags` beside its number.
  public struct Access: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static var get: Self { Self(rawValue: UInt32(CVFIO_DEVICE_FEATURE_GET)) }
    public static var set: Self { Self(rawValue: UInt32(CVFIO_DEVICE_FEATURE_SET)) }
    /// Only asks whether the rest would be allowed.
    public static var probe: Self { Self(rawValue: UInt32(CVFIO_DEVICE_FEATURE_PROBE)) }
  }

  private static let names: [Self: String] = [
    .migration: "MIGRATION", .migrationState: "MIG_DEVICE_STATE",
    .startDMALogging: "DMA_LOGGING_START", .stopDMALogging: "DMA_LOGGING_STOP",
    .reportDMALogging: "DMA_LOGGING_REPORT", .migrationDataSize: "MIG_DATA_SIZE",
    .preCopyInformation2: "MIG_PRECOPY_INFOv2",
  ]
}

extension DeviceFeature: CustomStringConvertible {
  /// The kernel's name without its prefix.
  public var description: String { Self.names[self] ?? "\(rawValue)" }
}
