import Devices
import SystemPackage

/// The page tables that a device's PASIDs are translated by, and the one for the device's own
/// requests.
///
/// They are made together and go together; each of them allows PASIDs, as iommufd wants of every
/// page table that is attached beside one.
final class DeviceDomains {
  /// One address space of a table of bindings.
  final class Domain {
    let id: UInt32
    // In this order: a page table keeps what it stands on.
    var pageTable: HardwarePageTable?
    var faultQueue: FaultQueue?
    var addressSpace: IOAddressSpace?

    init(id: UInt32) { self.id = id }

    /// What another process needs to know of it; nil while it is being made.
    var inheritance: InheritedDevice.Domain? {
      guard let pageTable = pageTable?.id else { return nil }
      return InheritedDevice.Domain(
        id: id, pageTable: pageTable, addressSpace: addressSpace?.id,
        faultQueue: faultQueue?.descriptor)
    }

    deinit {
      pageTable = nil
      faultQueue = nil
      addressSpace = nil
    }
  }

  /// The device's own, of its I/O address space; guest page tables are nested under it.
  var own: HardwarePageTable?
  var domains: [Domain] = []
  /// What the host said of PASIDs when they were made.
  let abilities: AddressSpaceAbilities
  /// Whether the device's own requests go to `own`.
  var isDeviceAttached = false

  init(_ abilities: AddressSpaceAbilities) { self.abilities = abilities }

  deinit {
    for domain in domains.reversed() { domain.pageTable = nil }
    domains = []
    own = nil
  }

  func domain(_ id: UInt32) -> Domain? { domains.first { $0.id == id } }
}
