private import ByteIO
public import MigrationStream

/// What a device says of itself (`struct vfio_device_info`, include/uapi/linux/vfio.h).
///
/// The wire of vfio-user has the same structures as the kernel, here and for regions and
/// interrupts.
public struct DeviceInformation: Sendable, Hashable {
  /// What kind of device it is, and whether it can be reset.
  public var flags: Flags
  /// How many numbers of regions there are, some of which may have no region.
  public var regionCount: UInt32
  /// How many kinds of interrupts there are, some of which the device may lack.
  public var interruptCount: UInt32
  /// The chain behind the structure; none if the flags say that there is none.
  public var capabilities: [InformationCapability]

  /// What a driver or a server says.
  public init(
    flags: Flags, regionCount: UInt32, interruptCount: UInt32,
    capabilities: [InformationCapability] = []
  ) {
    self.flags = flags
    self.regionCount = regionCount
    self.interruptCount = interruptCount
    self.capabilities = capabilities
  }

  /// `VFIO_DEVICE_FLAGS_…`.
  public struct Flags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A reset is advertised; some drivers have one all the same.
    public static var reset: Self { Self(rawValue: 1) }
    /// A PCI function, whose regions and interrupts have PCI's numbers.
    public static var pci: Self { Self(rawValue: 2) }
  }
}

/// A region of a device (`struct vfio_region_info`).
public struct RegionInformation: Sendable, Hashable {
  /// Its number; for PCI, 0 to 5 are the BARs and 7 is the configuration space.
  public var index: UInt32
  /// What can be done with it.
  public var flags: Flags
  /// 0 if there is no region of this number.
  public var byteCount: UInt64
  /// Where it begins in the device's file.
  public var offset: UInt64
  /// The chain behind the structure, such as which parts can be mapped.
  public var capabilities: [InformationCapability]

  /// What a driver or a server says.
  public init(
    index: UInt32, flags: Flags, byteCount: UInt64, offset: UInt64,
    capabilities: [InformationCapability] = []
  ) {
    self.index = index
    self.flags = flags
    self.byteCount = byteCount
    self.offset = offset
    self.capabilities = capabilities
  }

  /// `VFIO_REGION_INFO_FLAG_…`.
  public struct Flags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// It can be read.
    public static var read: Self { Self(rawValue: 1) }
    /// It can be written to.
    public static var write: Self { Self(rawValue: 2) }
    /// It can be mapped, all of it or the areas that a capability lists.
    public static var map: Self { Self(rawValue: 4) }
  }

  /// As it stands in a stream.
  public var record: DeviceIdentity.Region {
    DeviceIdentity.Region(index: index, flags: flags.rawValue, byteCount: byteCount)
  }

  // VFIO_REGION_INFO_CAP_SPARSE_MMAP.
  private static let sparseAreas: UInt16 = 1

  /// The bytes of the region that can be mapped, in its own offsets: all of it, unless a capability
  /// lists areas (`struct vfio_region_info_cap_sparse_mmap`).
  ///
  /// A list that is cut or leaves the region is an error.
  public func mappableAreas() throws(InformationError) -> [Range<UInt64>] {
    guard flags.contains(.map) else { return [] }
    guard let list = capabilities.first(where: { $0.id == Self.sparseAreas })?.bytes else {
      return byteCount > 0 ? [0..<byteCount] : []
    }
    let span = list.span.raw
    let count = list.count >= 8 ? Int(span.little(UInt32.self, at: 0)) : .max
    guard count <= (list.count - 8) / 16 else {
      throw .malformed("the list of areas of region \(index) that can be mapped is cut")
    }
    var areas: [Range<UInt64>] = []
    for place in stride(from: 8, to: 8 + 16 * count, by: 16) {
      let start = span.little(UInt64.self, at: place)
      let size = span.little(UInt64.self, at: place + 8)
      guard start <= byteCount, size <= byteCount - start else {
        throw .malformed(
          "expected areas within the \(byteCount) bytes of region \(index), found \(size) at "
            + "\(start)")
      }
      if size > 0 { areas.append(start..<start + size) }
    }
    return areas
  }
}

/// A kind of interrupt of a device (`struct vfio_irq_info`).
public struct InterruptInformation: Sendable, Hashable {
  /// For PCI: 0 INTx, 1 MSI, 2 MSI-X, 3 error, 4 request.
  public var index: UInt32
  /// How its vectors are signalled and masked.
  public var flags: Flags
  /// How many vectors there are; 0 if the device has none of the kind.
  public var count: UInt32

  /// What a driver or a server says.
  public init(index: UInt32, flags: Flags, count: UInt32) {
    self.index = index
    self.flags = flags
    self.count = count
  }

  /// `VFIO_IRQ_INFO_…`.
  public struct Flags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A vector can signal an eventfd.
    public static var eventfd: Self { Self(rawValue: 1) }
    /// A vector can be masked.
    public static var maskable: Self { Self(rawValue: 2) }
    /// A vector is masked when it was signalled, until somebody unmasks it.
    public static var automasked: Self { Self(rawValue: 4) }
    /// Vectors are set up all at once.
    public static var noResize: Self { Self(rawValue: 8) }
  }
}

/// A device that interrupts.
public protocol InterruptDevice: AnyObject {
  /// The kinds of interrupts that the device has.
  func interrupts() throws(DeviceError) -> [InterruptInformation]

  /// Does something with interrupts; `eventfds` are one for each vector that gets one, in their
  /// order, and -1 for a vector that lets go of its own. They stay their owner's.
  ///
  /// The corresponding ioctl is `VFIO_DEVICE_SET_IRQS`.
  func set(_ setup: InterruptSetup, eventfds: [Int32]) throws(DeviceError)
}

/// Why a device could not say what it is.
public enum InformationError: Error, Sendable, Hashable {
  /// The driver or the server answered with an errno.
  case refused(LinuxErrno)
  /// What it says makes no sense.
  case malformed(String)
}
