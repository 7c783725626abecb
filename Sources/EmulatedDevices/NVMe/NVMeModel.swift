import ByteIO
import Devices
import StateTranslation
import VirtualPCI

/// An NVMe controller with the state of NVMe 2.1 (TP4159), in its packing or the one proposed for
/// Linux. The driver hands state to the controller unchanged.
///
/// Linux 7.3 has no such driver yet. This one gathers the state up to a limit, and gives it to the
/// controller when RESUMING is left, as the proposals of 2022 and 2025 do. A refusal of the
/// controller is EIO.
final class NVMeModel: FunctionModel {
  let settings: NVMeSettings
  var function: EmulatedFunction
  private var state: NVMeState
  private var file = StateFile()

  /// A controller with settings that have no defect.
  init(_ settings: NVMeSettings = NVMeSettings()) {
    precondition(settings.defect == nil, "settings have a defect")
    self.settings = settings
    var registers: UInt64 = 16 << 10
    while registers < UInt64(64 * settings.vectorCount) { registers *= 2 }
    function = EmulatedFunction(
      ProfileIdentity(
        vendor: 0x1b36, device: 0x0010, subsystemVendor: 0x1b36,
        subsystemDevice: UInt16(truncatingIfNeeded: settings.vendor), classCode: 0x01_0802),
      bars: [
        ProfileBAR(index: 0, kind: .mem64, size: 16 << 10),
        ProfileBAR(index: 4, kind: .mem64, size: registers),
      ],
      interrupts: .msix(vectorCount: settings.vectorCount, bar: 4))
    var workload = GuestWorkload(seed: settings.seed)
    state = NVMeState(settings, &workload)
  }

  var driver: String { "nvme_vfio_pci" }
  var abilities: MigrationAbilities { [.stopCopy] }
  var digest: String { EmulatedDevices.digest(of: state.bytes(.specification)) }

  var facts: DeviceFacts {
    var facts = function.facts(driver: driver, layouts: [settings.packing.rawValue])
    facts.nvme = DeviceFacts.NVMe()
    facts.nvme?.stateVersion = settings.stateVersion
    facts.nvme?.queueEntryLimit = settings.depthLimit
    facts.nvme?.queueCount = settings.queueLimit
    facts.nvme?.requiresContiguousQueues = settings.needsContiguousQueues
    facts.nvme?.hasWeightedArbitration = settings.hasPriorities
    facts.nvme?.vendorUUIDs = settings.vendorDwordCount > 0 ? [uuid(of: settings.vendor)] : []
    return facts
  }

  /// A vendor's UUID from the 64 bits that the model has of it.
  private func uuid(of vendor: UInt64) -> String {
    "00000000-0000-0000-\(hex(vendor >> 48, digits: 4))-\(hex(vendor & 0xffff_ffff_ffff, digits: 12))"
  }

  func take(_ arc: MigrationArc) throws(LinuxErrno) {
    if arc == MigrationArc(.resuming, .stop) {
      // Less than its own header says is not given to the controller at all.
      guard let loaded = NVMeState(parsing: file.bytes, settings.packing) else { throw .invalid }
      guard loaded.fits(settings) else { throw .inputOutput }
      state = loaded
    }
    if arc.closesChannel { closeFile() }
    if arc.to == .stopCopy { file = StateFile(state.bytes(settings.packing)) }
  }

  private func closeFile() { file = StateFile() }

  func reset() {
    closeFile()
    var fresh = settings
    (fresh.queueCount, fresh.vendorDwordCount) = (0, 0)
    var workload = GuestWorkload(seed: 0)
    state = NVMeState(fresh, &workload)
    function.reset()
  }

  func read(
    into span: inout MutableRawSpan, in state: MigrationState
  ) throws(LinuxErrno) -> Int {
    file.read(into: &span)
  }

  func write(_ bytes: RawSpan) throws(LinuxErrno) -> Int {
    try file.append(bytes, upTo: settings.byteCountLimit, orThrow: .outOfMemory)
  }

  // The core does not let anybody ask: there is no pre-copy.
  func preCopyInformation() throws(LinuxErrno) -> PreCopyInformation {
    throw .notSupportedByDriver
  }

  func stopCopyByteCount() throws(LinuxErrno) -> UInt64 {
    UInt64(state.bytes(settings.packing).count)
  }
}

extension EmulatedFamily {
  static let nvme = EmulatedFamily(
    name: "nvme",
    parameters: [
      "queues=N",
      "max-queues=N",
      "depth=N",
      "max-depth=N",
      "vectors=N",
      "interrupts=no",
      "packing=tp4159|linux-rfc",
      "contiguous=no",
      "wrr=yes",
      "version=N",
      "vendor-state=DWORDS",
      "vendor=N",
      "seed=N",
    ],
    summary: "an NVMe controller with the state of NVMe 2.1, behind a driver as it was proposed",
    samples: [
      "queues=4&depth=256",
      "queues=8&max-queues=8&depth=64&max-depth=64",
      "vendor-state=8",
      "packing=linux-rfc",
      "packing=linux-rfc&interrupts=no",
    ]
  ) { (values) throws(DeviceURI.Malformed) in
    var settings = NVMeSettings()
    settings.queueLimit = try values.number("max-queues", in: 1...1024) ?? settings.queueLimit
    settings.queueCount = try values.number("queues", in: 0...1024) ?? min(4, settings.queueLimit)
    settings.depthLimit = try values.number("max-depth", in: 2...65536) ?? settings.depthLimit
    settings.depth = try values.number("depth", in: 2...65536) ?? min(256, settings.depthLimit)
    settings.vectorCount =
      try values.number("vectors", in: 1...2048) ?? settings.queueLimit + 1
    settings.usesInterrupts = try values.truth("interrupts") ?? true
    settings.packing =
      try values.choice(
        "packing", [("tp4159", .specification), ("linux-rfc", .linuxProposal)])
      ?? settings.packing
    settings.needsContiguousQueues = try values.truth("contiguous") ?? true
    settings.hasPriorities = try values.truth("wrr") ?? false
    settings.stateVersion = try values.number("version", in: 0...UInt16.max) ?? 0
    settings.vendorDwordCount = try values.number("vendor-state", in: 0...32768) ?? 0
    settings.vendor = try values.number("vendor", in: 0...UInt64.max) ?? settings.vendor
    settings.seed = try values.seed()
    if let defect = settings.defect { throw values.malformed(defect) }
    return NVMeModel(settings)
  }
}
