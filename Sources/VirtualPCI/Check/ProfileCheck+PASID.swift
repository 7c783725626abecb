import PCIConfig

extension ProfileCheck {
  /// What is known of a device's PASID support, and by whom.
  private struct Support {
    var width: Int
    var allowsExecute: Bool
    var allowsPrivileged: Bool
    var text: String
  }

  /// PASID is synthesised by the VMM, since the kernel hides it from VFIO. What the operator says
  /// of the IOMMU decides; with the device's own capability in the dump too, the smaller width and
  /// the common permissions hold.
  mutating func checkPASID(_ placed: PlacedCapability) {
    guard let support = support() else {
      return leaveOpen(
        placed.label, "width", "\(placed.value("capabilities").field(0x1f00)) bits",
        "not known: no PASID capability in the dump, and nothing said of the IOMMU",
        "the kernel hides the capability from VFIO; say what iommufd reports with --iommu")
    }
    let capabilities = placed.value("capabilities")
    let width = Int(capabilities.field(0x1f00))
    if support.width < width {
      refuse(
        placed.label, "width", "\(width) bits", "\(support.width) bits \(support.text)",
        "a guest would use address space ids that the device or its IOMMU cannot hold")
    }
    if capabilities & 0x2 != 0, !support.allowsExecute {
      refuse(
        placed.label, "execute permission", "yes", "no \(support.text)",
        "a guest would enable execute requests that are refused")
    }
    if capabilities & 0x4 != 0, !support.allowsPrivileged {
      refuse(
        placed.label, "privileged mode", "yes", "no \(support.text)",
        "a guest would enable privileged requests that are refused")
    }
    if host.find(.pasid) == nil, host.isComplete {
      warn(
        placed.label, "capability", "present", "absent from a complete dump",
        host.isVirtualFunction && host.physicalFunction == nil
          ? "a virtual function shares its physical function's; give its dump to be sure"
          : "the device itself may not have it; the word on the IOMMU is taken instead")
    }
    if let express = host.find(.pciExpress), host.find(.pasid) == nil,
      express.load(at: 0x24, byteCount: 4).map({ $0 & 0x0020_0000 == 0 }) == true
    {
      warn(
        "express", "end-to-end TLP prefixes", "yes", "no",
        "PASID travels in such a prefix, unless the platform has another way")
    }
  }

  private func support() -> Support? {
    var support: Support?
    if let found = host.find(.pasid) {
      let capabilities = found.value(at: 4, byteCount: 2)
      support = Support(
        width: Int(capabilities.field(0x1f00)), allowsExecute: capabilities & 0x2 != 0,
        allowsPrivileged: capabilities & 0x4 != 0, text: "of the device")
    }
    guard let iommu else { return support }
    guard let device = support else {
      return Support(
        width: iommu.pasidWidth, allowsExecute: iommu.allowsExecute,
        allowsPrivileged: iommu.allowsPrivileged, text: "of the IOMMU")
    }
    return Support(
      width: min(device.width, iommu.pasidWidth),
      allowsExecute: device.allowsExecute && iommu.allowsExecute,
      allowsPrivileged: device.allowsPrivileged && iommu.allowsPrivileged,
      text: "of the device and the IOMMU together")
  }
}
