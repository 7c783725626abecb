import ByteIO
import Devices
import MigrationStream
import VFIO

/// What `ferry devices` tells a person.
enum DevicesText {
  static func text(_ device: HostDevice, _ probe: DeviceProbe?) -> String {
    var lines = [
      "\(device.name) (\(device.bus.isEmpty ? "unknown bus" : device.bus)), "
        + (device.driver.map { "bound to \($0)" } ?? "bound to no driver")
    ]
    func add(_ label: String, _ text: String) {
      lines.append("  \(label)\(String(repeating: " ", count: 11 - label.count))\(text)")
    }
    if let pci = device.pci { add("ids", ids(pci)) }
    if let type = device.mediatedType { add("type", type) }
    add("file", device.devicePath ?? "none")
    add("group", device.groupPath ?? "none")
    add("migration", migration(device, probe))
    add("IOMMU", iommu(probe))
    if case .answered(let answer)? = probe {
      let counts = answer.interrupts.map { "\(name($0.index)) \($0.count)" }
      add("interrupts", counts.joined(separator: ", "))
    }
    return Printable.lines(lines.joined(separator: "\n"))
  }

  private static func ids(_ pci: DeviceIdentity.PCIIdentity) -> String {
    var text = idPair(pci.vendorID, pci.deviceID)
    if let vendor = pci.subsystemVendorID, let device = pci.subsystemID {
      text += ", subsystem \(idPair(vendor, device))"
    }
    if let classCode = pci.classCode { text += ", class \(hex(classCode, digits: 6))" }
    return text
  }

  private static func migration(_ device: HostDevice, _ probe: DeviceProbe?) -> String {
    switch probe {
    case nil: return "not asked" + (expectation(device).map { "; \($0)" } ?? "")
    case .inUse(let holders):
      return "not asked: in use by process \(holders.map { "\($0)" }.joined(separator: ", "))"
    case .refused(let reason): return "not known: \(reason)"
    case .answered(let answer):
      guard !answer.abilities.isEmpty else {
        return "none" + (expectation(device).map { "; \($0)" } ?? "")
      }
      return "\(answer.abilities)" + (answer.hasReinitialization ? ", REINIT" : "")
        + (answer.hasDMALogging ? "; logs DMA" : "")
    }
  }

  /// What the driver's name and the device's ids let expect.
  private static func expectation(_ device: HostDevice) -> String? {
    guard let driver = device.driver, let pci = device.pci else { return nil }
    if VariantDriver.driver(named: driver) != nil { return "\(driver) is a driver that migrates" }
    if let variant = VariantDriver.driver(for: pci) {
      return "\(driver) does not migrate; \(variant.name) is the driver for these ids"
    }
    return "\(driver) is not known to migrate, and no driver is known that migrates these ids"
  }

  private static func iommu(_ probe: DeviceProbe?) -> String {
    guard case .answered(let answer)? = probe else { return "not asked" }
    let spaces = answer.addressSpaces
    guard spaces.pasidWidth > 0 else {
      return "no PASIDs" + (spaces.evidence.map { " (\($0))" } ?? "")
    }
    var text = "\(answer.hardware?.typeName ?? "unknown"), PASIDs of \(spaces.pasidWidth) bits"
    if !spaces.permissionNames.isEmpty {
      text += " (\(spaces.permissionNames.joined(separator: ", ")))"
    }
    text += spaces.nestedDataTypes.isEmpty ? ", no nesting" : ", nesting"
    if spaces.hasFaultQueue { text += ", fault queues" }
    return text
  }

  // The indexes of include/uapi/linux/vfio.h for PCI.
  private static func name(_ index: UInt32) -> String {
    let names = ["INTx", "MSI", "MSI-X", "error", "request"]
    return Int(index) < names.count ? names[Int(index)] : "index \(index)"
  }
}
