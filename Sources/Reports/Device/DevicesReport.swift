public import ByteIO
import Devices
import MigrationStream
public import VFIO

/// The devices that VFIO offers on a host (`ferry devices`); the JSON is
/// `schemas/devices.schema.json`.
public struct DevicesReport: Report {
  /// A device, and what it answered if it was asked.
  public struct Device: Sendable {
    /// What sysfs says of it.
    public let device: HostDevice
    /// What it says of itself; nil if it was not asked.
    public let probe: DeviceProbe?
    /// Whether a PCI function is a virtual one; nil of other devices.
    public let isVirtualFunction: Bool?
    /// The processes that are known to have it open.
    public let holders: [DeviceHolder]
    /// What debugfs shows of its migration; nil if that cannot be read.
    public let debug: MigrationDebug?

    /// A device that answered `probe`, with what the host shows of it besides.
    public init(
      _ device: HostDevice, _ probe: DeviceProbe?, isVirtualFunction: Bool? = nil,
      holders: [DeviceHolder] = [], debug: MigrationDebug? = nil
    ) {
      self.device = device
      self.probe = probe
      self.isVirtualFunction = isVirtualFunction
      self.holders = holders
      self.debug = debug
    }

    /// A device of `host` with these holders, which is asked if `isProbed`, unless somebody holds
    /// it; vfio-pci resets a function that is asked.
    public init(
      _ device: HostDevice, of host: HostTree, holders: [DeviceHolder], isProbed: Bool
    ) {
      var answer: DeviceProbe?
      if isProbed {
        answer = holders.isEmpty ? host.probe(device) : .inUse(by: holders.map(\.process))
      }
      self.init(
        device, answer, isVirtualFunction: host.isVirtualFunction(device), holders: holders,
        debug: host.migrationDebug(of: device))
    }
  }

  /// The devices, in the order of the host.
  public let devices: [Device]
  /// Whether devices were asked.
  public let isProbed: Bool

  /// A report on the devices of a host.
  public init(_ devices: [Device], isProbed: Bool) {
    self.devices = devices
    self.isProbed = isProbed
  }

  /// A paragraph for each device.
  public var text: String {
    if devices.isEmpty { return "no VFIO devices: no driver of this host offers one" }
    return devices.map { TerminalText.lines($0.text) }.joined(separator: "\n")
  }

  /// The devices; what was not asked is absent.
  public var json: JSONValue {
    ["probed": .bool(isProbed), "devices": .array(devices.map(\.json))]
  }
}

extension DevicesReport.Device {
  fileprivate var text: String {
    let holder =
      device.isServed
      ? "served by another process" : device.driver.map { "bound to \($0)" } ?? "bound to no driver"
    var lines = ["\(device.name) (\(device.bus.isEmpty ? "unknown bus" : device.bus)), \(holder)"]
    func add(_ label: String, _ text: String) { lines.append("  \(label.padded(to: 11))\(text)") }
    if let pci = device.pci { add("ids", pci.text) }
    if let type = device.mediatedType { add("type", type) }
    add(device.isServed ? "socket" : "file", device.devicePath ?? "none")
    if !device.isServed { add("group", device.groupPath ?? "none") }
    if !holders.isEmpty { add("held by", holders.map(\.text).joined(separator: ", ")) }
    add("migration", migrationText)
    if let debug { add("debugfs", debug.text) }
    add("IOMMU", iommuText)
    if case .answered(let answer)? = probe {
      let counts = answer.interrupts.map { "\($0.name ?? "index \($0.index)") \($0.count)" }
      add("interrupts", counts.joined(separator: ", "))
    }
    return lines.joined(separator: "\n")
  }

  private var migrationText: String {
    switch probe {
    case nil: return "not asked" + (expectation.map { "; \($0)" } ?? "")
    case .inUse(let holders):
      return "not asked: in use by process \(holders.map { "\($0)" }.joined(separator: ", "))"
    case .refused(let reason): return "not known: \(reason)"
    case .answered(let answer):
      guard !answer.abilities.isEmpty else {
        return "none" + (expectation.map { "; \($0)" } ?? "")
      }
      return "\(answer.abilities)" + (answer.hasReinitialization ? ", REINIT" : "")
        + (answer.hasDMALogging ? "; logs DMA" : "")
    }
  }

  /// What the driver's name and the device's ids let expect.
  private var expectation: String? {
    guard let driver = device.driver, let pci = device.pci else { return nil }
    let variant = VariantDriver.driver(for: pci)
    if isVirtualFunction == false {
      // No driver but for virtual functions migrates, whatever ids it has in its table.
      let other = isMigratingDriver ? driver : variant?.name
      return "this is a physical function, which no driver migrates"
        + (other.map { "; \($0) migrates virtual ones with these ids" } ?? "")
    }
    if isMigratingDriver { return "\(driver) is a driver that migrates" }
    if let variant {
      return "\(driver) does not migrate; \(variant.name) is the driver for these ids"
    }
    return "\(driver) is not known to migrate, and no driver is known that migrates these ids"
  }

  private var isMigratingDriver: Bool {
    device.driver.flatMap { VariantDriver.driver(named: $0) } != nil
  }

  private var iommuText: String {
    guard case .answered(let answer)? = probe else { return "not asked" }
    guard !device.isServed else { return "that of the VM that it is served to" }
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

  fileprivate var json: JSONValue {
    [
      "name": .string(device.name), "bus": .string(device.bus),
      "driver": device.driver.map { .string($0) },
      "driverMigrates": device.driver.map { _ in .bool(isMigratingDriver) },
      "cdev": device.devicePath.map { .string($0) }, "group": device.groupPath.map { .string($0) },
      "pci": device.pci?.json, "mediatedType": device.mediatedType.map { .string($0) },
      // The driver that is known to migrate devices with these ids, whether it is bound or not.
      "variantDriver": device.pci.flatMap(VariantDriver.driver(for:)).map { .string($0.name) },
      "virtualFunction": isVirtualFunction.map { .bool($0) },
      "holders": holders.isEmpty ? nil : .array(holders.map(\.json)), "debugfs": debug?.json,
      "probe": probe?.json,
    ]
  }
}

extension DeviceHolder {
  fileprivate var text: String {
    "process \(process)" + (program.map { " (\(TerminalText.text($0)))" } ?? "")
  }

  fileprivate var json: JSONValue {
    ["process": .number(process), "program": program.map { .string($0) }]
  }
}

extension MigrationDebug {
  fileprivate var text: String {
    let features = self.features.map { $0.isEmpty ? "no features" : $0.joined(separator: ", ") }
    return [features, state.map { "in \($0)" }].compactMap(\.self).joined(separator: "; ")
  }

  fileprivate var json: JSONValue {
    ["state": state.map { .string($0) }, "features": features.map { .strings($0) }]
  }
}

extension DeviceIdentity.PCIIdentity {
  fileprivate var text: String {
    var text = hex(vendorID, digits: 4) + ":" + hex(deviceID, digits: 4)
    if let vendor = subsystemVendorID, let device = subsystemID {
      text += ", subsystem \(hex(vendor, digits: 4)):\(hex(device, digits: 4))"
    }
    if let classCode { text += ", class \(hex(classCode, digits: 6))" }
    return text
  }

  fileprivate var json: JSONValue {
    [
      "vendor": .string(hex(vendorID, digits: 4)), "device": .string(hex(deviceID, digits: 4)),
      "subsystemVendor": subsystemVendorID.map { .string(hex($0, digits: 4)) },
      "subsystemDevice": subsystemID.map { .string(hex($0, digits: 4)) },
      "classCode": classCode.map { .string(hex($0, digits: 6)) },
    ]
  }
}

extension DeviceProbe {
  fileprivate var json: JSONValue {
    switch self {
    case .inUse(let holders):
      ["outcome": .string("in-use"), "holders": .array(holders.map { .number($0) })]
    case .refused(let reason): ["outcome": .string("refused"), "reason": .string(reason)]
    case .answered(let answer):
      [
        "outcome": .string("answered"),
        "resets": .bool(answer.information.flags.contains(.reset)),
        "migration": answer.migration, "iommu": answer.iommu,
        "interrupts": .array(
          answer.interrupts.map {
            [
              "index": .number($0.index), "name": $0.name.map { .string($0) },
              "count": .number($0.count),
            ]
          }),
      ]
    }
  }
}

extension DeviceProbe.Answer {
  fileprivate var migration: JSONValue {
    [
      "possible": .bool(abilities.contains(.stopCopy)),
      "abilities": .strings(
        abilities.isEmpty ? [] : "\(abilities)".split(separator: ", ").map(String.init)),
      "dmaLogging": .bool(hasDMALogging), "reinitialization": .bool(hasReinitialization),
    ]
  }

  fileprivate var iommu: JSONValue {
    [
      "type": .string(hardware?.typeName ?? "none"),
      "pasidWidth": .number(addressSpaces.pasidWidth),
      "permissions": .strings(addressSpaces.permissionNames),
      "nesting": .bool(!addressSpaces.nestedDataTypes.isEmpty),
      "faultQueue": .bool(addressSpaces.hasFaultQueue),
      "dirtyTracking": .bool(hardware?.capabilities.contains(.dirtyTracking) ?? false),
      "evidence": addressSpaces.evidence.map { .string($0) },
    ]
  }
}

extension AddressSpaceAbilities {
  fileprivate var permissionNames: [String] {
    [(PASIDTable.Binding.Permissions.execute, "execute"), (.privileged, "privileged")]
      .filter { permissions.contains($0.0) }.map(\.1)
  }
}

extension InterruptInformation {
  // The indexes of include/uapi/linux/vfio.h for PCI.
  private static let names = ["INTx", "MSI", "MSI-X", "error", "request"]

  fileprivate var name: String? {
    Int(index) < Self.names.count ? Self.names[Int(index)] : nil
  }
}
