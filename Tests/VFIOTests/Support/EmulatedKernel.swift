import ByteIO
import CVFIO
import Devices
import EmulatedDevices
import MigrationStream
import SystemPackage
import VFIO

/// A kernel that lives in this process: a sysfs tree, VFIO devices with their files and groups, and
/// an iommufd that answers about page tables and PASIDs as Linux 7.0 does behind an emulated
/// scalable-mode VT-d, as Linux 7.2, or as a kernel before 6.15.
///
/// It writes down every call, counts what is open and allocated, and fails any call it is told to.
final class EmulatedKernel: KernelInterface {
  /// A call that changes or asks something of a device.
  struct Call: Equatable {
    var name: String
    var bytes: [UInt8] = []
    var memory: [UInt8] = []
  }

  /// What the host's IOMMU and kernel can do.
  struct Platform {
    var release = "7.0.0"
    var pasidWidth: UInt8 = 8
    var hasPASIDAttach = true
    /// Whether a function of width 0 is refused, as before Linux 7.2.
    var isZeroWidthRefused = true
    var type: UInt32 = 1
    var isNesting = true
    var capabilities: UInt64 = 7
    /// A mediated device has no IOMMU: GET_HW_INFO and HWPT_ALLOC are ENOENT.
    var isMediated = false
    var hasReinitialization = true
    /// Whether binding takes the token of a virtual function.
    var takesTokens = true
    /// Whether GET_INFO says that there is a chain, and what it is.
    var chain: [UInt8]?
  }

  final class Device {
    let emulated: EmulatedDevice
    var deviceID: UInt32?
    /// What translates the device's own requests.
    var attached: UInt32?
    var pasids: [UInt32: UInt32] = [:]
    var optedIn = false
    var logging: [UInt8]?
    /// What the user of its physical function has set; nil if vfio-pci does not hold that.
    var token: [UInt8]?

    init(_ emulated: EmulatedDevice) { self.emulated = emulated }
  }

  enum Object {
    case device(Device)
    case addressSpace(maps: [UInt64: UInt64])
    case pageTable(parent: UInt32, flags: UInt32, fault: UInt32?)
    case faultQueue
  }

  enum File {
    case text([UInt8], position: Int)
    case iommufd
    case device(Device)
    case container
    case group(String)
    case channel(any MigrationChannel)
    case faults(UInt32)
  }

  var platform: Platform
  /// Files of sysfs by path; a directory is what others lie in.
  var texts: [String: String] = [:]
  var links: [String: String] = [:]
  /// Devices by the path of their own file, and by group file and name.
  var devices: [String: Device] = [:]
  var groups: [String: [String: Device]] = [:]
  var calls: [Call] = []
  /// Fails the nth call (counted from 0) with an errno.
  var failure: (index: Int, number: LinuxErrno)?
  var callCount = 0
  /// Whether poll says of a data channel what the device does, and not that it cannot be read.
  var isPollHonest = true
  var files: [Int32: File] = [:]
  var objects: [UInt32: Object] = [:]
  var lastObject: UInt32 = 0

  init(_ platform: Platform = Platform()) { self.platform = platform }

  var openCount: Int { files.count }

  /// The device's own file, opened and bound by another.
  func inherit(_ device: Device) -> (device: Int32, iommufd: Int32, id: UInt32) {
    let iommufd = install(.iommufd)
    let id = add(.device(device))
    device.deviceID = id
    return (install(.device(device)), iommufd, id)
  }

  func addAddressSpace() -> UInt32 { add(.addressSpace(maps: [:])) }

  func add(_ object: Object) -> UInt32 {
    lastObject += 1
    objects[lastObject] = object
    return lastObject
  }

  // The lowest free number, as Linux gives out.
  func install(_ file: File) -> Int32 {
    var number: Int32 = 3
    while files[number] != nil { number += 1 }
    files[number] = file
    return number
  }

  func file(_ descriptor: FileDescriptor) throws(LinuxErrno) -> File {
    guard let file = files[descriptor.rawValue] else { throw .badDescriptor }
    return file
  }

  func begin(_ call: Call) throws(LinuxErrno) {
    calls.append(call)
    let index = callCount
    callCount += 1
    if let failure, failure.index == index { throw failure.number }
  }

  // MARK: Files

  func open(_ path: String, _ access: FileAccess) throws(LinuxErrno) -> FileDescriptor {
    try begin(Call(name: "open \(path)"))
    let file: File
    if path == "/dev/iommu" {
      file = .iommufd
    } else if path == "/dev/vfio/vfio" {
      file = .container
    } else if let device = devices[path] {
      file = .device(device)
    } else if groups[path] != nil {
      file = .group(path)
    } else if let text = texts[resolve(path)] {
      file = .text([UInt8](text.utf8), position: 0)
    } else if isDirectory(resolve(path)) {
      file = .text([], position: 0)
    } else {
      throw .noEntry
    }
    return FileDescriptor(rawValue: install(file))
  }

  func close(_ descriptor: FileDescriptor) {
    calls.append(Call(name: "close"))
    callCount += 1
    guard case .some(let file) = files.removeValue(forKey: descriptor.rawValue) else {
      calls.append(Call(name: "close of what is not open"))
      return
    }
    switch file {
    case .device(let device):
      device.emulated.abandon()
      device.attached = nil
      device.pasids = [:]
      if let id = device.deviceID { objects[id] = nil }
      device.deviceID = nil
    case .iommufd:
      // Whatever was made of it goes with it.
      objects = objects.filter { if case .device = $0.value { true } else { false } }
    default: break
    }
  }

  func read(
    _ descriptor: FileDescriptor, into span: inout MutableRawSpan, at offset: UInt64?
  ) throws(LinuxErrno) -> Int {
    try begin(Call(name: offset == nil ? "read" : "pread"))
    switch try file(descriptor) {
    case .text(let bytes, let position):
      let count = min(span.byteCount, bytes.count - position)
      for index in 0..<count {
        span.storeBytes(of: bytes[position + index], toByteOffset: index, as: UInt8.self)
      }
      files[descriptor.rawValue] = .text(bytes, position: position + count)
      return count
    case .channel(let channel):
      do throws(DeviceError) {
        return try channel.read(into: &span)
      } catch {
        throw error.errno
      }
    case .device(let device):
      guard let offset else { throw .invalid }
      if let serial = device.emulated.model as? MttyModel, offset >> 40 < 2 {
        let port = Int(offset >> 40)
        let register = Int(offset & 0xff)
        guard span.byteCount == 1, let byte = serial.read(port: port, register: register) else {
          throw .fault
        }
        span.storeBytes(of: byte, toByteOffset: 0, as: UInt8.self)
        return 1
      }
      guard offset >> 40 == 7 else { throw .invalid }
      let space = device.emulated.model.configuration
      let start = Int(offset & (1 << 40 - 1))
      guard start < space.count else { throw .invalid }
      let count = min(span.byteCount, space.count - start)
      for index in 0..<count {
        span.storeBytes(of: space[start + index], toByteOffset: index, as: UInt8.self)
      }
      return count
    default: throw .invalid
    }
  }

  func write(
    _ descriptor: FileDescriptor, _ bytes: RawSpan, at offset: UInt64?
  ) throws(LinuxErrno) -> Int {
    try begin(Call(name: offset == nil ? "write" : "pwrite", bytes: [UInt8](bytes)))
    let file = try file(descriptor)
    do throws(DeviceError) {
      switch file {
      case .channel(let channel): return try channel.write(bytes)
      case .device(let device):
        guard let offset else { throw DeviceError(.identify, .invalid) }
        if let serial = device.emulated.model as? MttyModel, offset >> 40 < 2,
          bytes.byteCount == 1
        {
          serial.write(bytes[byte: 0], port: Int(offset >> 40), register: Int(offset & 0xff))
          return 1
        }
        guard offset >> 40 == 7 else { throw DeviceError(.identify, .invalid) }
        try device.emulated.writeConfiguration(
          [UInt8](bytes), at: Int(offset & (1 << 40 - 1)))
        return bytes.byteCount
      default: throw DeviceError(.identify, .invalid)
      }
    } catch {
      throw error.errno
    }
  }

  func isReadable(_ descriptor: FileDescriptor) throws(LinuxErrno) -> Bool {
    try begin(Call(name: "poll"))
    guard case .channel(let channel) = try file(descriptor),
      let channel = channel as? any PolledChannel
    else { return true }
    do throws(DeviceError) {
      let isReadable = try channel.isReadable()
      return isReadable && isPollHonest
    } catch {
      throw error.errno
    }
  }

  private func isDirectory(_ path: String) -> Bool {
    texts.keys.contains { $0.hasPrefix(path + "/") }
      || links.keys.contains { $0.hasPrefix(path + "/") }
  }

  /// Follows links in all but the last part of a path; targets are absolute in this tree.
  private func resolve(_ path: String) -> String {
    var result = ""
    for part in path.split(separator: "/") {
      result += "/" + part
      if let target = links[result] { result = target }
    }
    return result
  }

  func link(at path: String) throws(LinuxErrno) -> String {
    try begin(Call(name: "readlink"))
    let parts = path.split(separator: "/")
    let parent = resolve("/" + parts.dropLast().joined(separator: "/"))
    let key = "\(parent)/\(parts.last ?? "")"
    guard let target = links[key] else { throw texts[key] == nil ? .noEntry : .invalid }
    return target
  }

  func entries(of path: String) throws(LinuxErrno) -> [String] {
    try begin(Call(name: "readdir"))
    let folder = resolve(path) + "/"
    guard isDirectory(resolve(path)) else { throw .noEntry }
    let names = (Array(texts.keys) + Array(links.keys)).filter { $0.hasPrefix(folder) }
      .map { String($0.dropFirst(folder.count).prefix { $0 != "/" }) }
    return Set(names).sorted()
  }

  func release() -> String {
    calls.append(Call(name: "uname"))
    callCount += 1
    return platform.release
  }

  // MARK: Requests

  func control(
    _ descriptor: FileDescriptor, _ request: IoctlRequest, _ argument: inout IoctlArgument
  ) throws(LinuxErrno) -> Int32 {
    try begin(
      Call(
        name: "\(request)", bytes: argument.bytes, memory: argument.memory?.bytes ?? []))
    switch try file(descriptor) {
    case .iommufd: try iommufd(request, &argument)
    case .device(let device): try self.device(device, request, &argument)
    case .container:
      switch request {
      case .getAPIVersion: return 0
      case .checkExtension: return argument.value == 3 ? 1 : 0
      case .setIOMMU: break
      default: throw .notSupportedByDriver
      }
    case .group(let path):
      switch request {
      case .getGroupStatus: argument.put(1 as UInt32, at: 4)
      case .setContainer: break
      case .getDevice:
        let words = String(decoding: argument.bytes.dropLast(), as: UTF8.self).split(separator: " ")
        guard let device = groups[path]?[String(words[0])] else { throw .noDevice }
        let digits = words.dropFirst().first.map { $0.dropFirst("vf_token=".count) }?
          .compactMap(\.hexDigitValue)
        try checkToken(
          digits.map { digits in
            stride(from: 0, to: 32, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
          }, of: device)
        return install(.device(device))
      default: throw .notSupportedByDriver
      }
    case .channel(let channel):
      guard request == .getPreCopyInformation else { throw .notSupportedByDriver }
      guard argument.get(UInt32.self, at: 0) >= 24 else { throw .invalid }
      do throws(DeviceError) {
        let information = try channel.preCopyInformation()
        argument.put(information.initialByteCount, at: 8)
        argument.put(information.dirtyByteCount, at: 16)
        // Without the opt-in the flags are garbage.
        argument.put(information.isReinitialized ? 1 : 0xffff_fffe as UInt32, at: 4)
      } catch {
        throw error.errno
      }
    default: throw .notSupportedByDriver
    }
    return 0
  }
}

extension IoctlArgument {
  mutating func put<T: FixedWidthInteger>(_ value: T, at offset: Int) {
    bytes.replaceSubrange(offset..<offset + MemoryLayout<T>.size, with: value.littleBytes)
  }

  func get<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T {
    bytes[offset..<offset + MemoryLayout<T>.size].reversed().reduce(0) { $0 << 8 | T($1) }
  }
}

extension FixedWidthInteger {
  var littleBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}
