import ByteIO
import Devices
import Glibc
import MigrationStream
import SystemPackage
import Testing
import VFIO

/// What sysfs says of devices, and what they say themselves.
@Suite struct HostTreeTests {
  @Test func devicesAreFoundInSysfsAndNotOpened() throws {
    let kernel = try Fixture.function()
    let devices = HostTree(in: kernel).devices()
    #expect(devices.count == 1)
    let device = try #require(devices.first)
    #expect(device.name == Fixture.slot)
    #expect(device.bus == "pci")
    #expect(device.driver == "mlx5_vfio_pci")
    #expect(device.devicePath == "/dev/vfio/devices/vfio0")
    #expect(device.groupPath == "/dev/vfio/12")
    #expect(device.pci?.vendorID == 0x15b3 && device.pci?.deviceID == 0x101e)
    #expect(device.pci?.classCode == 0x02_0000)
    #expect(!kernel.calls.contains { $0.name.hasPrefix("open /dev") })
    #expect(kernel.openCount == 0)
  }

  @Test func aMediatedDeviceHasItsType() throws {
    let device = try #require(HostTree(in: try Fixture.serial()).devices().first)
    #expect(device.name == Fixture.uuid)
    #expect(device.bus == "mdev")
    #expect(device.mediatedType == "mtty-2")
    #expect(device.pci == nil)
  }

  @Test func kernelsWithoutTheClassAreLookedThroughByBus() throws {
    let kernel = try Fixture.function(driver: "vfio-pci")
    kernel.texts = kernel.texts.filter { !$0.key.contains("vfio-dev") }
    kernel.links = kernel.links.filter { !$0.key.contains("vfio-dev") }
    let device = try #require(HostTree(in: kernel).devices().first)
    #expect(device.driver == "vfio-pci" && device.devicePath == nil)
    let other = try Fixture.function(driver: "nvme")
    other.texts = other.texts.filter { !$0.key.contains("vfio-dev") }
    other.links = other.links.filter { !$0.key.contains("vfio-dev") }
    #expect(HostTree(in: other).devices().isEmpty)
  }

  @Test func aHostWithNothingHasNothing() {
    #expect(HostTree(in: EmulatedKernel()).devices().isEmpty)
    #expect(HostTree(in: LinuxKernel(), root: "/nonexistent").devices().isEmpty)
  }

  @Test func groupsWithoutAnIOMMUHaveAnotherName() throws {
    let kernel = try Fixture.function()
    kernel.texts["/sys/class/vfio/noiommu-12/dev"] = "510:12\n"
    #expect(HostTree(in: kernel).devices().first?.groupPath == "/dev/vfio/noiommu-12")
  }

  /// Names are bytes; what is no UTF-8 is found, and comes out as it went in.
  @Test func aTreeMayHaveAnyBytesInItsNames() throws {
    var template = Array("/tmp/ferry-host-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let folder = template.dropLast().map { UInt8(bitPattern: $0) }
    defer { rmdir(String(decoding: folder, as: UTF8.self)) }
    let driver = Array("vfio-pci".utf8)
    let slot = Array("/0000:01:00.0".utf8)
    var made: [[UInt8]] = []
    defer {
      for path in made.reversed() {
        PathBytes(path).withCString { if unlink($0) != 0 { rmdir($0) } }
      }
    }
    func make(_ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Int32) throws {
      try #require(PathBytes(path).withCString(body) == 0)
      made.append(path)
    }
    var path = folder + [UInt8(ascii: "/"), 0xff, 0xc3]
    let root = PathBytes(path).text
    try make(path) { mkdir($0, 0o700) }
    for part in ["/sys", "/bus", "/pci", "/devices"] {
      path += part.utf8
      try make(path) { mkdir($0, 0o700) }
    }
    path += slot
    try make(path) { mkdir($0, 0o700) }
    let target = Array("../../drivers/".utf8) + driver
    try make(path + "/driver".utf8) { link in PathBytes(target).withCString { symlink($0, link) } }
    let type = Array("types/a".utf8) + [0xfe]
    try make(path + "/mdev_type".utf8) { link in PathBytes(type).withCString { symlink($0, link) } }
    let host = HostTree(in: LinuxKernel(), root: root)
    try host.checkRoot()
    let device = try #require(host.devices().first)
    #expect(device.name == "0000:01:00.0" && device.driver == "vfio-pci")
    #expect(device.mediatedType.map { PathBytes(text: $0).bytes } == [UInt8(ascii: "a"), 0xfe])
  }

  /// A character of a path may begin in the root and end behind it, and takes more bytes than one.
  @Test(arguments: ["", "/tree", "/b\u{e4}ume/\u{10ffff}", "/e\u{301}"])
  func whatIsOpenIsFoundUnderItsRoot(root: String) throws {
    let kernel = try Fixture.serial()
    kernel.links = Dictionary(
      uniqueKeysWithValues: kernel.links.map { ("\(root)\($0)", "\(root)\($1)") })
    kernel.texts = Dictionary(uniqueKeysWithValues: kernel.texts.map { ("\(root)\($0)", $1) })
    let (file, iommufd, id) = kernel.inherit(try #require(kernel.device))
    let handed = InheritedDevice(
      device: FileDescriptor(rawValue: file), iommufd: FileDescriptor(rawValue: iommufd),
      deviceID: id)
    for (name, driver) in [("vfio0", "mtty"), ("\u{301}vfio0", nil), ("vfio1", nil)] {
      kernel.links["\(root)/proc/self/fd/\(file)"] = "\(root)/dev/vfio/devices/\(name)"
      let device = try KernelDevice.inherited(
        handed, in: kernel, host: HostTree(in: kernel, root: root))
      #expect(device.driver == driver)
    }
  }

  @Test(
    arguments: [
      ("mlx5_vfio_pci", 0x15b3, 0x101e), ("hisi_acc_vfio_pci", 0x19e5, 0xa251),
      ("virtio_vfio_pci", 0x1af4, 0x1041), ("qat_vfio_pci", 0x8086, 0x4941),
      ("pds_vfio_pci", 0x1dd8, 0x1003), ("igb_vfio_pci", 0x8086, 0x10ca),
      ("qat_vfio_pci", 0x8086, 0x4947), ("xe-vfio-pci", 0x8086, 0xe211),
      ("xe-vfio-pci", 0x8086, 0xb080), ("xe-vfio-pci", 0x8086, 0xfd81),
    ] as [(String, UInt16, UInt16)])
  func variantDriversAreKnownByTheirIDs(name: String, vendor: UInt16, device: UInt16) {
    #expect(VariantDriver.driver(for: .init(vendorID: vendor, deviceID: device))?.name == name)
    for sign: Character in ["-", "_"] {
      let spelled = String(name.map { $0 == "_" || $0 == "-" ? sign : $0 })
      #expect(VariantDriver.driver(named: spelled)?.name == name)
    }
  }

  /// An Intel graphics function of a generation without a migrating driver.
  @Test func idsThatNoDriverMigratesHaveNone() {
    #expect(VariantDriver.driver(for: .init(vendorID: 0x8086, deviceID: 0xa780)) == nil)
    #expect(VariantDriver.driver(for: .init(vendorID: 0x1dd8, deviceID: 0xe211)) == nil)
  }

  @Test func aFunctionIsAVirtualOneIfItHasAPhysicalOne() throws {
    let kernel = try Fixture.function()
    let host = HostTree(in: kernel)
    let device = try #require(host.devices().first)
    #expect(host.isVirtualFunction(device) == false)
    kernel.links["/sys/devices/pci0000:3a/\(Fixture.slot)/physfn"] = "../0000:3b:00.0"
    #expect(host.isVirtualFunction(device) == true)
    let serial = HostTree(in: try Fixture.serial())
    #expect(serial.isVirtualFunction(try #require(serial.devices().first)) == nil)
  }

  /// Through its own file, its group's, or a descriptor whose device only the kernel tells.
  @Test(
    arguments: [
      ("/dev/vfio/devices/vfio0", nil, true), ("/dev/vfio/12", nil, true),
      ("/dev/vfio/devices/vfio1", nil, false), ("/dev/null", nil, false),
      ("anon_inode:[vfio-device]", "/sys/devices/pci0000:3a/0000:3b:00.1", true),
      ("anon_inode:[vfio-device]", "/sys/devices/pci0000:3a/0000:3b:00.2", false),
      ("anon_inode:[vfio-device]", nil, false),
    ] as [(String, String?, Bool)])
  func holdersAreFoundByTheirDescriptors(link: String, place: String?, isHeld: Bool) throws {
    let kernel = try Fixture.function()
    kernel.links["/proc/4321/fd/9"] = link
    kernel.texts["/proc/4321/comm"] = "qemu-system-x86\n"
    kernel.texts["/proc/4321/fdinfo/9"] =
      "pos:\t0\nflags:\t02000002\n" + (place.map { "vfio-device-syspath: \($0)\n" } ?? "")
    kernel.links["/proc/77/fd/3"] = "/dev/null"
    let host = HostTree(in: kernel)
    let holders = host.holders(of: host.devices())
    #expect(holders.map { $0.map(\.process) } == [isHeld ? [4321] : []])
    #expect(!isHeld || holders[0][0].program == "qemu-system-x86")
    #expect(!kernel.calls.contains { $0.name.hasPrefix("open /dev") })
  }

  @Test func noDeviceHasNoHolders() throws {
    let kernel = EmulatedKernel()
    #expect(HostTree(in: kernel).holders(of: []).isEmpty && kernel.calls.isEmpty)
  }

  @Test func anInheritedDeviceOfAGroupIsNamedByTheKernel() throws {
    let kernel = try Fixture.function()
    let file = try kernel.open("/dev/vfio/devices/vfio0", .readWrite)
    kernel.links["/proc/self/fd/\(file.rawValue)"] = "anon_inode:[vfio-device]"
    let info = "/proc/self/fdinfo/\(file.rawValue)"
    kernel.texts[info] = "vfio-device-syspath: /sys/devices/pci0000:3a/\(Fixture.slot)\n"
    let device = try KernelDevice.inherited(InheritedDevice(device: file), in: kernel)
    #expect(device.name == Fixture.slot)
    #expect(try device.identity().driver == "mlx5_vfio_pci")
    kernel.texts[info] = nil
    let other = try KernelDevice.inherited(InheritedDevice(device: file), in: kernel)
    #expect(other.name == "fd:\(file.rawValue)")
  }

  @Test func debugfsShowsADevicesMigration() throws {
    let kernel = try Fixture.function()
    let host = HostTree(in: kernel)
    let device = try #require(host.devices().first)
    #expect(host.migrationDebug(of: device) == nil)
    let folder = "/sys/kernel/debug/vfio/\(Fixture.slot)/migration"
    kernel.texts["\(folder)/features"] = "stop-copy\np2p\npre-copy\n"
    #expect(host.migrationDebug(of: device)?.features == ["stop-copy", "p2p", "pre-copy"])
    #expect(host.migrationDebug(of: device)?.state == nil)
    kernel.texts["\(folder)/state"] = "PRE_COPY\n"
    #expect(host.migrationDebug(of: device)?.state == "PRE_COPY")
  }

  @Test func aProbeAsksAndClosesAgain() throws {
    let kernel = try Fixture.function()
    let host = HostTree(in: kernel)
    guard case .answered(let answer) = host.probe(try #require(host.devices().first)) else {
      return #expect(Bool(false))
    }
    #expect(answer.abilities == [.stopCopy, .peerToPeer, .preCopy])
    #expect(answer.hasDMALogging && answer.hasReinitialization)
    #expect(answer.hardware?.typeName == "Intel VT-d")
    #expect(answer.addressSpaces.pasidWidth == 8)
    #expect(answer.addressSpaces.nestedDataTypes == [1])
    #expect(kernel.openCount == 0 && kernel.objects.isEmpty)
  }

  @Test func aDeviceThatSomebodyHoldsIsLeftAlone() throws {
    let kernel = try Fixture.function()
    kernel.links["/proc/4321/fd/9"] = "/dev/vfio/devices/vfio0"
    kernel.links["/proc/77/fd/3"] = "/dev/null"
    let host = HostTree(in: kernel)
    #expect(host.probe(try #require(host.devices().first)) == .inUse(by: [4321]))
    #expect(!kernel.calls.contains { $0.name.hasPrefix("open /dev") })
  }

  @Test(
    arguments: [
      ("open /dev/iommu", .accessDenied, "no permission: opening /dev/iommu: EACCES"),
      ("open /dev/vfio/devices/vfio0", .notPermitted, "no permission"),
      ("VFIO_DEVICE_BIND_IOMMUFD", .invalid, "it seems to be in use"),
      ("VFIO_DEVICE_BIND_IOMMUFD", .notPermitted, "allow_unsafe_interrupts"),
      ("VFIO_DEVICE_GET_INFO", .inputOutput, "identifying the device: EIO"),
    ] as [(String, LinuxErrno, String)])
  func aProbeSaysWhyNot(call: String, number: LinuxErrno, words: String) throws {
    let clean = try Fixture.function()
    _ = HostTree(in: clean).devices().first.map(HostTree(in: clean).probe)
    let index = try #require(clean.calls.firstIndex { $0.name == call })
    let kernel = try Fixture.function()
    kernel.failure = (index, number)
    let host = HostTree(in: kernel)
    guard case .refused(let reason) = host.probe(try #require(host.devices().first)) else {
      return #expect(Bool(false))
    }
    #expect(reason.contains(words), "\(reason)")
    #expect(kernel.openCount == 0)
  }
}
