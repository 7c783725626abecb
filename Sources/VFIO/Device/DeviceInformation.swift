public import Devices
import MigrationStream

/// What a device says of itself (`struct vfio_device_info`, include/uapi/linux/vfio.h).
public struct DeviceInformation: Sendable, Hashable {
  public var flags: Flags
  public var regionCount: UInt32
  public var interruptCount: UInt32
  public var capabilities: [InformationCapability]

  /// `VFIO_DEVICE_FLAGS_…`.
  public struct Flags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A reset is advertised; some drivers have one all the same.
    public static var reset: Self { Self(rawValue: 1) }
    public static var pci: Self { Self(rawValue: 2) }
  }
}

/// A region of a device (`struct vfio_region_info`).
public struct RegionInformation: Sendable, Hashable {
  public var index: UInt32
  public var flags: Flags
  public var byteCount: UInt64
  /// Where it begins in the device's file.
  public var offset: UInt64
  public var capabilities: [InformationCapability]

  /// `VFIO_REGION_INFO_FLAG_…`.
  public struct Flags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static var read: Self { Self(rawValue: 1) }
    public static var write: Self { Self(rawValue: 2) }
    public static var map: Self { Self(rawValue: 4) }
  }

  /// As it stands in a stream.
  var record: DeviceIdentity.Region {
    DeviceIdentity.Region(index: index, flags: flags.rawValue, byteCount: byteCount)
  }
}

/// A kind of interrupt of a device (`struct vfio_irq_info`).
public struct InterruptInformation: Sendable, Hashable {
  /// For PCI: 0 INTx, 1 MSI, 2 MSI-X, 3 error, 4 request.
  public var index: UInt32
  public var flags: Flags
  /// How many vectors there are; 0 where the device has none of the kind.
  public var count: UInt32

  /// `VFIO_IRQ_INFO_…`.
  public struct Flags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static var eventfd: Self { Self(rawValue: 1) }
    public static var maskable: Self { Self(rawValue: 2) }
    public static var automasked: Self { Self(rawValue: 4) }
    public static var noResize: Self { Self(rawValue: 8) }
  }
}

/// Why a device could not say what it is.
public enum InformationError: Error, Sendable, Hashable {
  case refused(ErrorNumber)
  /// What it says makes no sense.
  case malformed(String)
}
