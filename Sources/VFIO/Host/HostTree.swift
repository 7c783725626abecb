private import ByteIO
import MigrationStream
private import PCIConfig
import SystemPackage

/// The VFIO devices of the host, found in sysfs.
public struct HostTree {
  let kernel: any KernelInterface
  /// Where `/sys` and `/dev` are, as `PathBytes` has paths; empty for the root itself.
  public let root: String

  /// Why a name is none of a device of the host.
  public struct Absent: Error, Sendable, Hashable {
    /// The reason why there is no such device.
    public let reason: String
    /// Whether no host can have a device of this name.
    public let isMalformed: Bool

    init(reason: String, isMalformed: Bool = false) {
      self.reason = reason
      self.isMalformed = isMalformed
    }
  }

  /// The tree of the machine that `kernel` reaches; `root` is put in front of every path.
  public init(in kernel: any KernelInterface, root: String = "") {
    self.kernel = kernel
    self.root = root
  }

  /// The device with a PCI address, a UUID, or a file under `/dev/vfio/devices`.
  public func device(named name: String) throws(Absent) -> HostDevice {
    let folder: String
    if name.hasPrefix("/") {
      let file = Self.lastPart(name)
      folder = "/sys/class/vfio-dev/\(file)/device"
      guard name == "/dev/vfio/devices/\(file)" else {
        throw Absent(reason: "expected /dev/vfio/devices/vfioN", isMalformed: true)
      }
      guard let target = link(folder), !target.isEmpty else {
        throw Absent(reason: "expected a device with this file, found none in /sys/class/vfio-dev")
      }
      return describe(Self.lastPart(target), folder)
    }
    if let address = PCIAddress(name) {
      folder = "/sys/bus/pci/devices/\(address)"
      guard exists(folder) else {
        throw Absent(reason: "expected a PCI function of this host, found none")
      }
      return describe("\(address)", folder)
    }
    guard Self.isUUID(name) else {
      throw Absent(
        reason: "expected a PCI address (0000:3b:00.1), the UUID of a mediated device, or "
          + "/dev/vfio/devices/vfioN", isMalformed: true)
    }
    folder = "/sys/bus/mdev/devices/\(name.lowercased())"
    guard exists(folder) else {
      throw Absent(reason: "expected a mediated device of this host, found none")
    }
    return describe(name.lowercased(), folder)
  }

  /// The device that is open here; nil if the descriptor is of another kind.
  ///
  /// The name of its file tells, or the kernel does if it came through a group (Linux 7.1).
  func device(open descriptor: FileDescriptor) -> HostDevice? {
    // Bytes, for a character of a path may begin in one part of it and end in the next.
    guard let path = link("/proc/self/fd/\(descriptor.rawValue)") else { return nil }
    if Self.isAnonymousDevice(path) {
      return deviceName(process: "self", descriptor: "\(descriptor.rawValue)")
        .flatMap { try? device(named: $0) }
    }
    guard path.utf8.starts(with: (root + "/dev/vfio/devices/").utf8) else { return nil }
    return try? device(named: String(Substring(path.utf8.dropFirst(root.utf8.count))))
  }

  /// Refuses a root that is no folder: no devices in it would mean nothing.
  public func checkRoot() throws(Absent) {
    guard root.isEmpty || (try? kernel.entries(of: root)) != nil else {
      throw Absent(reason: "\(root): expected a folder with a host's /sys, found none")
    }
  }

  /// Every device that a VFIO driver offers, or could for being mediated, by its bus and name.
  public func devices() -> [HostDevice] {
    var found: [String: HostDevice] = [:]
    for file in entries("/sys/class/vfio-dev") {
      if let device = try? device(named: "/dev/vfio/devices/\(file)") {
        found[device.name] = device
      }
    }
    for (bus, isOffered) in [("pci", false), ("mdev", true)] {
      for name in entries("/sys/bus/\(bus)/devices") where found[name] == nil {
        // Kernels before 6.2 have no class of VFIO devices.
        let driver = link("/sys/bus/\(bus)/devices/\(name)/driver").map(Self.lastPart)
        guard isOffered || driver.map(VariantDriver.isVFIO) ?? false else { continue }
        found[name] = describe(name, "/sys/bus/\(bus)/devices/\(name)")
      }
    }
    return found.values.sorted { ($0.bus, $0.name) < ($1.bus, $1.name) }
  }

  private func describe(_ name: String, _ folder: String) -> HostDevice {
    var device = HostDevice(
      name: name, bus: link(folder + "/subsystem").map(Self.lastPart) ?? "")
    device.driver = link(folder + "/driver").map(Self.lastPart)
    for file in entries(folder + "/vfio-dev") where exists("\(folder)/vfio-dev/\(file)/dev") {
      device.devicePath = "/dev/vfio/devices/\(file)"
    }
    if let group = link(folder + "/iommu_group").map(Self.lastPart) {
      // The group's own name is vfio-noiommu for mediated devices too, whose group file is a plain
      // one.
      let isWithoutIOMMU = exists("/sys/class/vfio/noiommu-\(group)")
      device.groupPath = "/dev/vfio/\(isWithoutIOMMU ? "noiommu-" : "")\(group)"
    }
    if device.bus == "pci", let vendor = number(folder + "/vendor"),
      let id = number(folder + "/device")
    {
      var pci = DeviceIdentity.PCIIdentity(
        vendorID: UInt16(truncatingIfNeeded: vendor), deviceID: UInt16(truncatingIfNeeded: id))
      pci.subsystemVendorID = number(folder + "/subsystem_vendor").map(
        UInt16.init(truncatingIfNeeded:))
      pci.subsystemID = number(folder + "/subsystem_device").map(UInt16.init(truncatingIfNeeded:))
      pci.classCode = number(folder + "/class")
      pci.revisionID = number(folder + "/revision").map(UInt8.init(truncatingIfNeeded:))
      device.pci = pci
    }
    device.mediatedType = link(folder + "/mdev_type").map(Self.lastPart)
    return device
  }

  func link(_ path: String) -> String? { try? kernel.link(at: root + path) }

  func entries(_ path: String) -> [String] { (try? kernel.entries(of: root + path)) ?? [] }

  private func exists(_ path: String) -> Bool {
    if (try? KernelDescriptor(kernel.open(root + path, .read), in: kernel).number) != nil {
      return true
    }
    return false
  }

  func text(_ path: String) -> String? { try? kernel.text(of: root + path) }

  private func number(_ path: String) -> UInt32? {
    text(path).flatMap { $0.hasPrefix("0x") ? UInt32($0.dropFirst(2), radix: 16) : nil }
  }

  static func lastPart(_ path: String) -> String {
    path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) } ?? path
  }

  /// 8-4-4-4-12 hexadecimal digits.
  private static func isUUID(_ text: String) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    return parts.map(\.utf8.count) == [8, 4, 4, 4, 12]
      && parts.allSatisfy { $0.allSatisfy { $0.isASCII && $0.isHexDigit } }
  }
}
