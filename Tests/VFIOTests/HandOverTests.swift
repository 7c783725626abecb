import CGlibc
import Devices
import Glibc
import SystemPackage
import TestSupport
import Testing
import VFIO

/// The form of FERRY_FDS, and descriptors over a socket.
@Suite struct HandOverTests {
  static let texts = [
    "device=5", "device=5,iommufd=6,devid=1,ioas=2", "device=5,group=7,container=8",
    "device=5,iommufd=6,devid=1,ioas=2,hwpt=3,domain.0=4:9,domain.7=5,fault.7=11",
    "device=5,iommufd=6,devid=1;device=7,iommufd=8,devid=1,ioas=4",
  ]

  @Test(arguments: texts)
  func theFormIsReadAsItIsWritten(text: String) throws {
    #expect(InheritedDevice.text(of: try InheritedDevice.devices(parsing: text)) == text)
  }

  @Test(
    arguments: [
      "", "device", "device=", "device=x", "device=-1", "device=5,device=6", "iommufd=6",
      "device=5,iommufd=6", "device=5,devid=1", "device=5,ioas=2", "device=5,hwpt=2",
      "device=5,group=6", "device=5;", "device=4294967295", "device=5,colour=1", "device=5:6",
      "device=5,domain.1=2", "device=5,iommufd=6,devid=1,fault.1=7",
      "device=5,iommufd=6,devid=1,domain.x=7", "device=5,iommufd=6,devid=1,domain.1=7:8:9",
      "device=5,iommufd=6,devid=1,domain.1=7:", "device=5,iommufd=6,devid=1,domain.1=7,domain.1=8",
      "device=5,,", "device==5",
    ])
  func otherTextIsRefused(text: String) {
    let error = #expect(throws: InheritedDevice.Malformed.self) {
      try InheritedDevice.devices(parsing: text)
    }
    #expect(error?.expected.hasPrefix("device=FD") == true)
  }

  private func pair() -> (FileDescriptor, FileDescriptor) {
    var numbers: [Int32] = [-1, -1]
    _ = socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &numbers)
    return (FileDescriptor(rawValue: numbers[0]), FileDescriptor(rawValue: numbers[1]))
  }

  @Test func descriptorsArriveWithNumbersOfTheirOwn() throws {
    let (near, far) = pair()
    let file = try FileDescriptor.open("/dev/zero", .readOnly)
    let other = try FileDescriptor.open("/dev/null", .readWrite)
    var sent = InheritedDevice(device: file, iommufd: other, deviceID: 3, addressSpace: 4)
    sent.domains = [.init(id: 9, pageTable: 5, faultQueue: file)]
    try HandOver.send([sent], over: near)
    let received = try HandOver.receive(from: far)
    let device = try #require(received.first)
    #expect(received.count == 1)
    #expect(device.deviceID == 3 && device.addressSpace == 4)
    #expect(device.domains.map(\.id) == [9] && device.domains.map(\.pageTable) == [5])
    var byte: [UInt8] = [1]
    #expect(try byte.withUnsafeMutableBytes { try device.device.read(into: $0) } == 1)
    #expect(byte == [0])
    let numbers = Set(device.descriptors.map(\.rawValue))
    #expect(numbers.count == 3 && numbers.isDisjoint(with: [file.rawValue, other.rawValue]))
    // They must not leak into commands by accident.
    for descriptor in device.descriptors {
      #expect(fcntl(descriptor.rawValue, F_GETFD) & FD_CLOEXEC != 0)
    }
    try HandOver.keepOnExec([device])
    for descriptor in device.descriptors {
      #expect(fcntl(descriptor.rawValue, F_GETFD) & FD_CLOEXEC == 0)
      try descriptor.close()
    }
    for descriptor in [near, far, file, other] { try descriptor.close() }
  }

  @Test func aSenderThatGoesIsSaidSo() throws {
    let (near, far) = pair()
    try near.close()
    #expect(throws: HandOver.ReceiveError.closed) { try HandOver.receive(from: far) }
    try far.close()
  }

  @Test(
    arguments: [
      "device=0", "device=0,iommufd=0,devid=1\n", "device=1\n", "nonsense\n", "\n",
      "device=0,group=1,container=2\n",
    ])
  func aMessageThatIsNoneLeavesNothingOpen(text: String) throws {
    let (near, far) = pair()
    let (end, start) = try FileDescriptor.pipe()
    let bytes = [UInt8](text.utf8)
    #expect(ferry_send(near.rawValue, bytes, bytes.count, [start.rawValue], 1, 1) == bytes.count)
    #expect(throws: HandOver.ReceiveError.self) { try HandOver.receive(from: far) }
    // The pipe ends once nobody can write to it any more.
    try start.close()
    var byte: [UInt8] = [0]
    #expect(try byte.withUnsafeMutableBytes { try end.read(into: $0) } == 0)
    for descriptor in [near, far, end] { try descriptor.close() }
  }

  /// A Unix socket at which this process listens, in a folder of its own.
  private func listener(_ name: String) throws -> (folder: String, socket: FileDescriptor) {
    var template = Array("/tmp/hand-over.XXXXXX".utf8CString)
    let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array("\(folder)/\(name)".utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(bound == 0 && listen(descriptor, 1) == 0)
    return (folder, FileDescriptor(rawValue: descriptor))
  }

  @Test func aPathIsConnectedTo() throws {
    #expect(throws: HandOver.SendError.system(.noEntry)) {
      try HandOver.connect(to: "/nonexistent/socket", user: geteuid())
    }
    #expect(throws: HandOver.SendError.system(LinuxErrno(rawValue: ENOTSOCK))) {
      try HandOver.connect(to: "/dev/null", user: geteuid())
    }
    let (folder, socket) = try listener("s")
    defer {
      for name in ["s", "link"] { unlink("\(folder)/\(name)") }
      rmdir(folder)
      try? socket.close()
    }
    try HandOver.connect(to: FilePath("\(folder)/s"), user: geteuid()).close()
    symlink("s", "\(folder)/link")
    #expect(throws: HandOver.SendError.system(LinuxErrno(rawValue: ELOOP))) {
      try HandOver.connect(to: FilePath("\(folder)/link"), user: geteuid())
    }
    // A path through a link, and one that is longer than an address has room for.
    let long = folder + String(repeating: "/.", count: 100) + "/s"
    try HandOver.connect(to: FilePath(long), user: geteuid()).close()
    guard geteuid() != 0 else { return }
    #expect(throws: HandOver.SendError.otherUser(geteuid(), wanted: geteuid() + 1)) {
      try HandOver.connect(to: FilePath("\(folder)/s"), user: geteuid() + 1)
    }
  }

  /// Devices are another's only when it says so.
  @Test func aHandOverNeedsItsAcknowledgement() throws {
    let file = try FileDescriptor.open("/dev/null", .readWrite)
    defer { try? file.close() }
    let devices = [InheritedDevice(device: file)]
    for answer in [nil, [], [0], [HandOver.acknowledgement]] as [[UInt8]?] {
      let (near, far) = pair()
      switch answer {
      case nil: break
      case []: shutdown(far.rawValue, Int32(SHUT_WR))
      case [HandOver.acknowledgement]: try HandOver.acknowledge(over: far)
      case .some(let bytes): _ = try far.writeAll(bytes)
      }
      let error: HandOver.SendError?
      do throws(HandOver.SendError) {
        try HandOver.pass(devices, over: near, within: .milliseconds(20))
        error = nil
      } catch let cause {
        error = cause
      }
      switch answer {
      case nil: #expect(error == .unacknowledged("nothing for 0.02 seconds"))
      case []: #expect(error == .unacknowledged("the end of the connection"))
      case [0]: #expect(error == .unacknowledged("byte 0x0"))
      default: #expect(error == nil)
      }
      try near.close()
      try far.close()
    }
    let (near, far) = pair()
    try far.close()
    #expect(throws: HandOver.SendError.system(LinuxErrno(rawValue: EPIPE))) {
      try HandOver.pass(devices, over: near, within: .seconds(1))
    }
    try near.close()
  }
}
