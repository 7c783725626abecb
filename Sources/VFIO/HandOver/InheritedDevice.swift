public import SystemPackage

/// The descriptors and numbers by which another process goes on with an open device.
public struct InheritedDevice: Sendable, Hashable {
  /// The descriptor of the device.
  public var device: FileDescriptor
  /// The descriptor of the iommufd, unless the device came through its group.
  public var iommufd: FileDescriptor?
  /// The number that the iommufd knows the device by.
  public var deviceID: UInt32?
  /// The number of the I/O address space of the device's own requests.
  public var addressSpace: UInt32?
  /// The number of the page table that translates the device's own requests, if PASIDs are
  /// attached.
  public var pageTable: UInt32?
  /// The group and container, if the device came through them.
  public var group: FileDescriptor?
  /// The descriptor of the container, if the device came through its group.
  public var container: FileDescriptor?
  /// What the PASIDs that are attached are translated by.
  public var domains: [Domain] = []

  /// A domain of the table of bindings, as the iommufd knows it.
  public struct Domain: Sendable, Hashable {
    /// Its number in the table.
    public var id: UInt32
    /// The iommufd's number of the domain's page table.
    public var pageTable: UInt32
    /// The I/O address space that is to be mapped; nil for a guest's page table.
    public var addressSpace: UInt32?
    /// Where page requests come out.
    public var faultQueue: FileDescriptor?

    /// A domain of the table that was restored, and the objects that stand for it.
    public init(
      id: UInt32, pageTable: UInt32, addressSpace: UInt32? = nil,
      faultQueue: FileDescriptor? = nil
    ) {
      self.id = id
      self.pageTable = pageTable
      self.addressSpace = addressSpace
      self.faultQueue = faultQueue
    }
  }

  /// The descriptors and numbers by which another process goes on with the device.
  public init(
    device: FileDescriptor, iommufd: FileDescriptor? = nil, deviceID: UInt32? = nil,
    addressSpace: UInt32? = nil
  ) {
    self.device = device
    self.iommufd = iommufd
    self.deviceID = deviceID
    self.addressSpace = addressSpace
  }

  /// Every descriptor, in the order of the text.
  public var descriptors: [FileDescriptor] {
    [device] + [iommufd, group, container].compactMap { $0 } + domains.compactMap(\.faultQueue)
  }
}
