import ByteIO
import Devices
import StateTranslation
import VirtualPCI

/// An Intel graphics virtual function behind xe_vfio_pci, errno for errno.
///
/// Read in drivers/vfio/pci/xe/main.c, drivers/gpu/drm/xe/xe_sriov_packet.c and
/// xe_sriov_pf_migration.c of Linux 6.19; Linux 7.3 differs in ``XeSettings/Kernel``. The kernel's
/// worker behind the write is done at once; its failures show with the next packet, as there.
/// Memory of any size takes little room, on either side.
final class XeModel: FunctionModel {
  static let deviceKey: UInt16 = 0xf001
  static let revisionKey: UInt16 = 0xf002
  static let registerCount = 4

  let settings: XeSettings
  var function: EmulatedFunction

  /// The guest's state in each engine: its firmware's state, and four registers.
  var firmware: [[UInt8]]
  var registers: [[UInt32]]
  /// The entries, without the number of the function that each has in hardware.
  var entries: [UInt64]
  var memory: SeededMemory

  // Saving.
  var queue: [Item] = []
  // Resuming: the packet under way, and how it goes.
  var head: [UInt8] = []
  var packet: XePacket?
  var payload: [UInt8] = []
  var packetPosition: UInt64 = 0
  /// Whether the host gave up on the state, and says so with the next packet.
  var hasFailed = false
  var isEnded = false

  /// A piece to be handed out: bytes, or a range of the memory.
  enum Item {
    case bytes(StateFile)
    case memory(Range<UInt64>)
    /// The packets of the memory from an offset on, made one at a time.
    case packets(from: UInt64)
  }

  /// A function with settings that have no defect.
  init(_ settings: XeSettings = XeSettings()) {
    precondition(settings.defect == nil, "settings have a defect")
    self.settings = settings
    var aperture: UInt64 = 256 << 20
    while aperture < settings.memoryByteCount { aperture *= 2 }
    function = EmulatedFunction(
      ProfileIdentity(
        vendor: 0x8086, device: settings.deviceID, subsystemVendor: 0x8086,
        classCode: 0x03_8000, revision: settings.revisionID),
      bars: [
        ProfileBAR(index: 0, kind: .mem64, size: 16 << 20),
        ProfileBAR(index: 2, kind: .mem64, isPrefetchable: true, size: aperture),
      ],
      interrupts: .msix(vectorCount: 3, bar: 0))
    var workload = GuestWorkload(seed: settings.seed)
    firmware = (0..<settings.engineCount).map { _ in Self.firmwareState(settings, &workload) }
    registers = (0..<settings.engineCount).map { _ in
      (0..<Self.registerCount).map { _ in workload.word() }
    }
    // An address and the bit that says it is there.
    entries = (0..<settings.entryCount).map { _ in workload.page() | 1 }
    memory = SeededMemory(byteCount: settings.memoryByteCount, seed: settings.seed)
  }

  static let firmwareMagic: UInt32 = 0x5543_5547

  /// A stand-in for the opaque state of the firmware: a word of its own, its length, the seed of
  /// the guest's drawing, noise.
  private static func firmwareState(
    _ settings: XeSettings, _ workload: inout GuestWorkload
  ) -> [UInt8] {
    let byteCount = 1024 + 4 * workload.index(below: 256)
    var writer = ByteWriter(reserving: byteCount)
    writer.little(firmwareMagic)
    writer.little(UInt32(byteCount))
    writer.little(settings.seed)
    while writer.count < byteCount { writer.little(workload.word()) }
    return writer.bytes
  }

  var driver: String { "xe-vfio-pci" }
  var abilities: MigrationAbilities { [.stopCopy, .peerToPeer] }

  var facts: DeviceFacts {
    var facts = function.facts(driver: driver, layouts: ["xe"])
    facts.xe = DeviceFacts.Xe()
    facts.xe?.ggttByteCounts = [UInt64(8 * settings.entryCount)]
    facts.xe?.vramByteCounts = [settings.memoryByteCount]
    facts.xe?.graphicsCount = settings.engineCount
    // Packets may have any size up to the limit; a size is wanted only if the device's name has it.
    if settings.chunkByteCount < XeSettings.chunkLimit, settings.chunkByteCount >= 1 << 20 {
      facts.xe?.chunkByteCount = settings.chunkByteCount
    }
    return facts
  }

  var digest: String {
    var value = memory.digest()
    for state in firmware {
      for byte in state { value = GeneratedMemory.mix(value ^ UInt64(byte)) }
    }
    for words in registers {
      for word in words { value = GeneratedMemory.mix(value ^ UInt64(word)) }
    }
    for entry in entries { value = GeneratedMemory.mix(value ^ entry) }
    return hex(value, digits: 16)
  }

  // MARK: Arcs

  func take(_ arc: MigrationArc) throws(LinuxErrno) {
    if arc == MigrationArc(.resuming, .stop) {
      // Without its trailer a state is not done.
      guard isEnded, !hasFailed else { throw .inputOutput }
    }
    if arc.closesChannel { closeFile() }
    if arc.to == .stopCopy {
      save()
    } else if arc.to == .resuming {
      clear()
    }
  }

  func closeFile() {
    queue = []
    head = []
    packet = nil
    payload = []
    packetPosition = 0
    (hasFailed, isEnded) = (false, false)
  }

  /// Nothing of a guest: what the function is after a reset, and before its state comes.
  private func clear() {
    firmware = [[UInt8]](repeating: [], count: settings.engineCount)
    registers = [[UInt32]](
      repeating: [UInt32](repeating: 0, count: Self.registerCount), count: settings.engineCount)
    entries = [UInt64](repeating: 0, count: settings.entryCount)
    memory = SeededMemory(byteCount: settings.memoryByteCount)
  }

  func reset() {
    closeFile()
    clear()
    function.reset()
  }

  // The core does not let anybody ask: there is no pre-copy.
  func preCopyInformation() throws(LinuxErrno) -> PreCopyInformation {
    throw .notSupportedByDriver
  }
}

extension EmulatedFamily {
  static let xe = EmulatedFamily(
    name: "xe",
    parameters: [
      "vram=SIZE",
      "ggtt=SIZE",
      "packet=SIZE",
      "media=no",
      "device=ID",
      "revision=ID",
      "linux=7.2|7.3",
      "seed=N",
    ],
    summary: "an Intel graphics virtual function with as much memory of its own as wanted",
    samples: [
      "vram=2MiB&ggtt=1MiB",
      "vram=2MiB&ggtt=1MiB&packet=1MiB",
      "vram=2MiB&ggtt=1MiB&device=0x7d55",
    ]
  ) { (values) throws(DeviceURI.Malformed) in
    var settings = XeSettings()
    settings.memoryByteCount = try values.byteCount("vram") ?? settings.memoryByteCount
    settings.tableByteCount = try values.byteCount("ggtt") ?? settings.tableByteCount
    settings.chunkByteCount = try values.byteCount("packet") ?? settings.chunkByteCount
    settings.hasMedia = try values.truth("media") ?? true
    settings.deviceID = try values.number("device", in: 0...UInt16.max) ?? settings.deviceID
    settings.revisionID = try values.number("revision", in: 0...UInt8.max) ?? 0
    settings.kernel =
      try values.choice("linux", XeSettings.Kernel.allCases.map { ($0.rawValue, $0) })
      ?? settings.kernel
    settings.seed = try values.seed()
    if let defect = settings.defect { throw values.malformed(defect) }
    return XeModel(settings)
  }
}
