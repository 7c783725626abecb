/// A device that says which features it has, without using them.
public protocol FeatureDevice: AnyObject {
  /// Whether the driver has a feature, for reading or setting; nothing is changed.
  ///
  /// The corresponding flag is `VFIO_DEVICE_FEATURE_PROBE`.
  func has(_ feature: DeviceFeature, for access: DeviceFeature.Access) -> Bool
}

/// A feature of a device that `VFIO_DEVICE_FEATURE` reads or sets (include/uapi/linux/vfio.h).
public struct DeviceFeature: RawRepresentable, Sendable, Hashable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static var migration: Self { Self(rawValue: 1) }
  public static var migrationState: Self { Self(rawValue: 2) }
  public static var startDMALogging: Self { Self(rawValue: 6) }
  public static var stopDMALogging: Self { Self(rawValue: 7) }
  public static var reportDMALogging: Self { Self(rawValue: 8) }
  public static var migrationDataSize: Self { Self(rawValue: 9) }
  /// From Linux 7.1 on: what pre-copy information says of new initial data can be believed.
  public static var preCopyInformation2: Self { Self(rawValue: 12) }

  /// What is done with a feature: the bits of `flags` beside its number.
  public struct Access: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static var get: Self { Self(rawValue: 1 << 16) }
    public static var set: Self { Self(rawValue: 1 << 17) }
    /// Only asks whether the rest would be allowed.
    public static var probe: Self { Self(rawValue: 1 << 18) }
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

extension DeviceFeature.Access: CustomStringConvertible {
  /// `GET`, `SET` or both.
  public var description: String {
    [(Self.get, "GET"), (.set, "SET"), (.probe, "PROBE")].filter { contains($0.0) }
      .map(\.1).joined(separator: "|")
  }
}
