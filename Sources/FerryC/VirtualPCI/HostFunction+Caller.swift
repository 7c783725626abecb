import CFerry
import Devices
import PCIConfig
import VirtualPCI

extension HostFunction {
  /// The device that a caller describes.
  init(_ host: ferry_host) throws(Failure) {
    let isCut = try Self.flags(host) & FERRY_HOST_CUT != 0
    var label = "device"
    if let text = host.label { label = try CallerBytes.text(text, "host.label") }
    let space = try Self.space(host.space, host.space_size, isCut, "host.space")
    let parent =
      try host.physical_function == nil
      ? nil
      : Self.space(
        host.physical_function, host.physical_function_size, isCut, "host.physical_function")
    let bars = Self.barSizes(host)
    do throws(PCIConfigError) {
      try space.requireBARs(bars.keys.sorted(), besides: [], ofVirtualFunctionOf: parent)
    } catch {
      throw Failure(error, .space)
    }
    let flags = Int(host.flags)
    self.init(
      space, label: label, physicalFunction: parent,
      identity: flags & FERRY_HOST_IDS != 0 ? (host.vendor_id, host.device_id) : nil,
      barSizes: bars,
      hiddenCapabilities: flags & FERRY_HOST_VFIO_REGION != 0
        ? Set(VFIORegion.hiddenCapabilities.map { CapabilityID(extended: $0) }) : [])
  }

  private static func flags(_ host: ferry_host) throws(Failure) -> Int {
    let known =
      FERRY_HOST_IDS | FERRY_HOST_VFIO_REGION | FERRY_HOST_CUT | FERRY_HOST_IOMMU
      | FERRY_HOST_IOMMU_EXECUTE | FERRY_HOST_IOMMU_PRIVILEGED
    let flags = Int(host.flags)
    guard flags & ~known == 0, host.reserved == 0 else {
      throw Failure(
        argument: "host.flags", "flags up to \(known), and 0 in host.reserved",
        found: "\(host.flags) and \(host.reserved)")
    }
    return flags
  }

  private static func space(
    _ bytes: UnsafePointer<UInt8>?, _ count: Int, _ isCut: Bool, _ name: StaticString
  ) throws(Failure) -> ConfigSpace {
    let bytes = try CallerBytes.copy(bytes, count, limit: 1 << 16, name)
    do throws(PCIConfigError) {
      return try ConfigSpace(bytes, isWhole: !isCut)
    } catch {
      throw Failure(error, .space)
    }
  }

  private static func barSizes(_ host: ferry_host) -> [Int: UInt64] {
    let sizes = host.bar_sizes
    let known = [sizes.0, sizes.1, sizes.2, sizes.3, sizes.4, sizes.5].enumerated()
    return Dictionary(uniqueKeysWithValues: known.filter { $0.element > 0 }.map { ($0, $1) })
  }
}

extension IOMMUFacts {
  /// What a caller says of the IOMMU; nil if nothing.
  init?(_ host: ferry_host) throws(Failure) {
    let flags = Int(host.flags)
    guard flags & FERRY_HOST_IOMMU != 0 else { return nil }
    guard host.pasid_width <= 20 else {
      throw Failure(argument: "host.pasid_width", "0 to 20", found: "\(host.pasid_width)")
    }
    self.init(
      pasidWidth: Int(host.pasid_width), allowsExecute: flags & FERRY_HOST_IOMMU_EXECUTE != 0,
      allowsPrivileged: flags & FERRY_HOST_IOMMU_PRIVILEGED != 0)
  }
}

extension Failure {
  /// What is wrong with a configuration space, or with what is said of it.
  init(_ error: PCIConfigError, _ status: Status) {
    self.init(status, message: "\(error)")
    switch error.place {
    case .whole: break
    case .text(let line, let column): (self.line, self.column) = (line, column)
    case .offset(let offset): self.offset = UInt64(offset)
    }
  }
}
