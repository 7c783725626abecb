import ByteIO
import CVFIO
import Devices
import EmulatedDevices
import MigrationStream
import PCIConfig
import SystemPackage
import VFIO

/// The requests to iommufd, as measured on Linux 7.0.
extension EmulatedKernel {
  func attach(
    _ device: Device, _ request: IoctlRequest, _ argument: IoctlArgument
  ) throws(LinuxErrno) {
    let isAttach = request == .attachPageTable
    let size = argument.get(UInt32.self, at: 0)
    let flags = argument.get(UInt32.self, at: 4)
    guard device.deviceID != nil, Int(size) == argument.bytes.count else { throw .invalid }
    guard size >= (isAttach ? 12 : 8), flags & ~(platform.hasPASIDAttach ? 1 : 0) == 0 else {
      throw .invalid
    }
    guard flags == 0 || size >= (isAttach ? 16 : 12) else { throw .invalid }
    let pasid = flags == 0 ? nil : argument.get(UInt32.self, at: isAttach ? 12 : 8)
    guard isAttach else {
      if let pasid { device.pasids[pasid] = nil } else { device.attached = nil }
      return
    }
    let id = argument.get(UInt32.self, at: 8)
    guard let object = objects[id] else { throw .noEntry }
    var isFlagged = false
    var hasFaultQueue = false
    switch object {
    case .addressSpace: break
    case .pageTable(_, let tableFlags, let fault):
      isFlagged = tableFlags & 8 != 0
      hasFaultQueue = fault != nil
    default: throw .invalid
    }
    guard let pasid else {
      guard isFlagged || device.pasids.isEmpty else { throw .invalid }
      device.attached = id
      return
    }
    if pasid == 0 { throw .busy }
    // Of width 0 any number is taken where that is not refused.
    let isUnchecked = platform.pasidWidth == 0 && !platform.isZeroWidthRefused
    guard isFlagged, isUnchecked || pasid >> UInt32(platform.pasidWidth) == 0 else {
      throw .invalid
    }
    if let own = device.attached {
      guard case .pageTable(_, let ownFlags, _)? = objects[own], ownFlags & 8 != 0 else {
        throw .invalid
      }
    }
    // Only here does the kernel look for page requests (PRI).
    if hasFaultQueue, !isUnchecked, !device.makesPageRequests { throw .noDevice }
    device.pasids[pasid] = id
  }

  func isUsed(_ id: UInt32) -> Bool {
    for object in objects.values {
      switch object {
      case .device(let device):
        if device.attached == id || device.pasids.values.contains(id) { return true }
      case .pageTable(let parent, _, let fault): if parent == id || fault == id { return true }
      default: break
      }
    }
    for file in files.values { if case .faults(id) = file { return true } }
    return false
  }

  func iommufd(
    _ request: IoctlRequest, _ argument: inout IoctlArgument
  ) throws(LinuxErrno) {
    guard Int(argument.get(UInt32.self, at: 0)) == argument.bytes.count else { throw .invalid }
    switch request {
    case .destroy:
      let id = argument.get(UInt32.self, at: 4)
      guard objects[id] != nil else { throw .noEntry }
      guard !isUsed(id) else { throw .busy }
      objects[id] = nil
    case .allocateAddressSpace: argument.put(add(.addressSpace(maps: [:])), at: 8)
    case .map:
      let id = argument.get(UInt32.self, at: 8)
      guard case .addressSpace(var maps)? = objects[id] else { throw .noEntry }
      let iova = argument.get(UInt64.self, at: 32)
      guard maps[iova] == nil else { throw LinuxErrno(rawValue: 17) }
      maps[iova] = argument.get(UInt64.self, at: 24)
      objects[id] = .addressSpace(maps: maps)
    case .unmap:
      let id = argument.get(UInt32.self, at: 4)
      guard case .addressSpace(var maps)? = objects[id] else { throw .noEntry }
      guard let count = maps.removeValue(forKey: argument.get(UInt64.self, at: 8)) else {
        throw .noEntry
      }
      objects[id] = .addressSpace(maps: maps)
      argument.put(count, at: 16)
    case .allocateFaultQueue:
      let id = add(.faultQueue)
      argument.put(id, at: 8)
      argument.put(install(.faults(id)), at: 12)
    case .getHardwareInformation:
      guard case .device? = objects[argument.get(UInt32.self, at: 8)], !platform.isMediated else {
        throw .noEntry
      }
      let ecap: UInt64 = platform.isNesting ? 1 << 26 : 0
      let room = argument.memory?.bytes.count ?? 0
      if room >= 24, platform.type == 1 {
        argument.memory?.bytes.replaceSubrange(16..<24, with: ecap.littleBytes)
      }
      argument.put(24 as UInt32, at: 12)
      argument.put(platform.type, at: 24)
      argument.bytes[28] = platform.pasidWidth
      argument.put(platform.capabilities, at: 32)
    case .allocatePageTable: try allocate(&argument)
    default: throw .notSupportedByDriver
    }
  }

  func allocate(_ argument: inout IoctlArgument) throws(LinuxErrno) {
    let flags = argument.get(UInt32.self, at: 4)
    let parent = argument.get(UInt32.self, at: 12)
    switch objects[parent] {
    case .addressSpace?, .pageTable?: break
    default: throw .invalid
    }
    guard flags & ~(platform.hasPASIDAttach ? 15 : 7) == 0 else { throw .notSupported }
    guard case .device? = objects[argument.get(UInt32.self, at: 8)], !platform.isMediated else {
      throw .noEntry
    }
    if flags & 8 != 0, platform.pasidWidth == 0, platform.isZeroWidthRefused {
      throw .notSupported
    }
    if flags & 1 != 0, !platform.isNesting { throw .notSupported }
    let type = argument.get(UInt32.self, at: 24)
    let fault = flags & 4 != 0 ? argument.get(UInt32.self, at: 40) : nil
    if let fault { guard case .faultQueue? = objects[fault] else { throw .noEntry } }
    switch objects[parent] {
    case .addressSpace?: guard type == 0 else { throw .invalid }
    case .pageTable(_, let parentFlags, _)?:
      guard parentFlags & 1 != 0, type == 1, platform.isNesting else { throw .invalid }
      guard argument.memory?.bytes.count == 24, argument.memory?.pointerOffset == 32,
        argument.get(UInt32.self, at: 28) == 24
      else { throw .invalid }
    default: throw .invalid
    }
    argument.put(add(.pageTable(parent: parent, flags: flags, fault: fault)), at: 16)
  }
}

extension EmulatedKernel.Device {
  var makesPageRequests: Bool {
    (try? ConfigSpace(emulated.model.configuration))?.capabilityList.first(.pageRequest) != nil
  }
}
