// The names are C's.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CFerry
import Devices
import SystemPackage
import VFIO

/// The object behind a `ferry_vfio`.
final class OpenVFIODevice: HandleObject {
  static let kind = HandleKind.vfio
  let device: KernelDevice

  init(_ device: KernelDevice) { self.device = device }
}

/// A VFIO device that the caller has open.
@c @implementation
public func ferry_vfio_open(
  _ descriptors: UnsafePointer<ferry_vfio_descriptors>?,
  _ device: UnsafeMutablePointer<ferry_vfio>?, _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(error) { () throws(Failure) in
    let result = try device.required("device")
    let inherited = try InheritedDevice(descriptors.required("descriptors").pointee)
    let opened: KernelDevice
    do throws(DeviceOpenError) {
      opened = try KernelDevice.inherited(inherited, in: LinuxKernel())
    } catch {
      guard case .device(let cause) = error else {
        throw Failure(.device, message: "\(error)")
      }
      throw Failure(cause)
    }
    result.pointee = try HandleTable.shared.insert(OpenVFIODevice(opened))
  }
}

/// What a replay has made for an address space.
@c @implementation
public func ferry_vfio_get_domain(
  _ device: ferry_vfio, _ index: UInt32, _ domain: UnsafeMutablePointer<ferry_vfio_domain>?,
  _ error: UnsafeMutablePointer<ferry_error>?
) -> ferry_status {
  call(device, as: OpenVFIODevice.self, error) { device throws(Failure) in
    let domain = try domain.required("domain")
    let domains = device.device.inheritance.domains
    guard domains.indices.contains(Int(index)) else {
      throw Failure(argument: "index", "one of \(domains.count) domains", found: "\(index)")
    }
    let found = domains[Int(index)]
    domain.pointee = ferry_vfio_domain(
      id: found.id, page_table: found.pageTable, address_space: found.addressSpace ?? 0,
      fault_queue: found.faultQueue?.rawValue ?? -1)
  }
}

extension InheritedDevice {
  /// The descriptors that a caller gives.
  fileprivate init(_ descriptors: ferry_vfio_descriptors) throws(Failure) {
    let parts = Int(descriptors.parts)
    guard [0, FERRY_VFIO_IOMMUFD, FERRY_VFIO_IOMMUFD | FERRY_VFIO_ADDRESS_SPACE].contains(parts),
      descriptors.reserved == 0
    else {
      throw Failure(
        argument: "descriptors.parts", "FERRY_VFIO_IOMMUFD, with or without the other, or 0",
        found: "\(parts)")
    }
    guard descriptors.device >= 0, parts == 0 || descriptors.iommufd >= 0 else {
      throw Failure(
        argument: "descriptors", "open descriptors",
        found: "\(descriptors.device) and \(descriptors.iommufd)")
    }
    self.init(device: FileDescriptor(rawValue: descriptors.device))
    guard parts != 0 else { return }
    iommufd = FileDescriptor(rawValue: descriptors.iommufd)
    deviceID = descriptors.device_id
    if parts & FERRY_VFIO_ADDRESS_SPACE != 0 { addressSpace = descriptors.address_space }
  }
}
