import ByteIO
import Devices
import MigrationStream
import VFIO

/// What `ferry devices --json` prints; the shape is `schemas/devices.schema.json`.
struct DevicesReport: Encodable {
  var probed: Bool
  var devices: [DeviceReport]
}

/// One device of it. What was not asked is absent.
struct DeviceReport: Encodable {
  struct PCI: Encodable {
    var vendor: String
    var device: String
    var subsystemVendor: String?
    var subsystemDevice: String?
    var classCode: String?
  }

  struct Migration: Encodable {
    /// Whether the driver can migrate the device.
    var possible: Bool
    var abilities: [String]
    var dmaLogging: Bool
    var reinitialization: Bool
  }

  struct IOMMU: Encodable {
    var type: String
    var pasidWidth: Int
    var permissions: [String]
    var nesting: Bool
    var faultQueue: Bool
    var dirtyTracking: Bool
    var evidence: String?
  }

  struct Interrupt: Encodable {
    var index: UInt32
    var count: UInt32
  }

  struct Probe: Encodable {
    /// answered, in-use or refused.
    var outcome: String
    var reason: String?
    var holders: [Int]?
    var resets: Bool?
    var migration: Migration?
    var iommu: IOMMU?
    var interrupts: [Interrupt]?
  }

  var name: String
  var bus: String
  var driver: String?
  var cdev: String?
  var group: String?
  var pci: PCI?
  var mediatedType: String?
  /// The driver that is known to migrate devices with these ids, whether it is bound or not.
  var variantDriver: String?
  var probe: Probe?

  // For the text, which says more of it.
  let answer: DeviceProbe?

  private enum CodingKeys: String, CodingKey {
    case name, bus, driver, cdev, group, pci, mediatedType, variantDriver, probe
  }

  init(_ device: HostDevice, _ answer: DeviceProbe?) {
    name = device.name
    bus = device.bus
    driver = device.driver
    cdev = device.devicePath
    group = device.groupPath
    mediatedType = device.mediatedType
    variantDriver = device.pci.flatMap(VariantDriver.driver(for:))?.name
    pci = device.pci.map { ids in
      PCI(
        vendor: hex(ids.vendorID, digits: 4), device: hex(ids.deviceID, digits: 4),
        subsystemVendor: ids.subsystemVendorID.map { hex($0, digits: 4) },
        subsystemDevice: ids.subsystemID.map { hex($0, digits: 4) },
        classCode: ids.classCode.map { hex($0, digits: 6) })
    }
    self.answer = answer
    probe = answer.map(Self.probe)
  }

  private static func probe(_ probe: DeviceProbe) -> Probe {
    switch probe {
    case .inUse(let holders): return Probe(outcome: "in-use", holders: holders)
    case .refused(let reason): return Probe(outcome: "refused", reason: reason)
    case .answered(let answer):
      let spaces = answer.addressSpaces
      return Probe(
        outcome: "answered", resets: answer.information.flags.contains(.reset),
        migration: Migration(
          possible: answer.abilities.contains(.stopCopy),
          abilities: answer.abilities.isEmpty
            ? [] : "\(answer.abilities)".split(separator: ", ").map(String.init),
          dmaLogging: answer.hasDMALogging, reinitialization: answer.hasReinitialization),
        iommu: IOMMU(
          type: answer.hardware?.typeName ?? "none", pasidWidth: spaces.pasidWidth,
          permissions: spaces.permissionNames, nesting: !spaces.nestedDataTypes.isEmpty,
          faultQueue: spaces.hasFaultQueue,
          dirtyTracking: answer.hardware?.capabilities.contains(.dirtyTracking) ?? false,
          evidence: spaces.evidence),
        interrupts: answer.interrupts.map { Interrupt(index: $0.index, count: $0.count) })
    }
  }
}

extension AddressSpaceAbilities {
  var permissionNames: [String] {
    [(PASIDTable.Binding.Permissions.execute, "execute"), (.privileged, "privileged")]
      .filter { permissions.contains($0.0) }.map(\.1)
  }
}
