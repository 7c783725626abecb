/// The kind of a message (docs/interop/vfio-user.rst of QEMU, "VFIO-user Protocol Commands").
public struct MessageCommand: RawRepresentable, Sendable, Hashable {
  public let rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  public static var version: Self { Self(rawValue: 1) }
  public static var mapDMA: Self { Self(rawValue: 2) }
  public static var unmapDMA: Self { Self(rawValue: 3) }
  public static var getDeviceInformation: Self { Self(rawValue: 4) }
  public static var getRegionInformation: Self { Self(rawValue: 5) }
  public static var getRegionIODescriptors: Self { Self(rawValue: 6) }
  public static var getInterruptInformation: Self { Self(rawValue: 7) }
  public static var setInterrupts: Self { Self(rawValue: 8) }
  public static var readRegion: Self { Self(rawValue: 9) }
  public static var writeRegion: Self { Self(rawValue: 10) }
  /// Sent by the server, as is ``writeDMA``.
  public static var readDMA: Self { Self(rawValue: 11) }
  public static var writeDMA: Self { Self(rawValue: 12) }
  public static var reset: Self { Self(rawValue: 13) }
  public static var writeRegions: Self { Self(rawValue: 15) }
  public static var feature: Self { Self(rawValue: 16) }
  public static var readMigrationData: Self { Self(rawValue: 17) }
  public static var writeMigrationData: Self { Self(rawValue: 18) }

  private static let names: [(command: Self, name: String)] = [
    (.version, "VERSION"), (.mapDMA, "DMA_MAP"), (.unmapDMA, "DMA_UNMAP"),
    (.getDeviceInformation, "DEVICE_GET_INFO"),
    (.getRegionInformation, "DEVICE_GET_REGION_INFO"),
    (.getRegionIODescriptors, "DEVICE_GET_REGION_IO_FDS"),
    (.getInterruptInformation, "DEVICE_GET_IRQ_INFO"), (.setInterrupts, "DEVICE_SET_IRQS"),
    (.readRegion, "REGION_READ"), (.writeRegion, "REGION_WRITE"), (.readDMA, "DMA_READ"),
    (.writeDMA, "DMA_WRITE"), (.reset, "DEVICE_RESET"), (.writeRegions, "REGION_WRITE_MULTI"),
    (.feature, "DEVICE_FEATURE"), (.readMigrationData, "MIG_DATA_READ"),
    (.writeMigrationData, "MIG_DATA_WRITE"),
  ]

  /// The commands of the specification, by their numbers.
  public static let all: [Self] = names.map(\.command)
}

extension MessageCommand: CustomStringConvertible {
  /// The specification's name without its prefix; the number of a command that it does not have.
  public var description: String {
    Self.names.first { $0.command == self }?.name ?? "command \(rawValue)"
  }
}
