import ByteIO
import Devices
import StateTranslation
import VirtualPCI

/// A virtual function of a HiSilicon accelerator behind hisi_acc_vfio_pci, errno for errno.
///
/// Read in drivers/vfio/pci/hisilicon/hisi_acc_vfio_pci.c of Linux 5.18
/// (``HisiAccGeneration/first``), 6.12.0 (``HisiAccGeneration/v1``) and Debian's 6.12.117
/// (``HisiAccGeneration/v2``).
final class HisiAccModel: FunctionModel {
  let settings: HisiAccSettings
  var function: EmulatedFunction
  private(set) var registers = HisiAccRegisters()
  // `match_done`: set once, and never taken back while the driver is bound.
  private var isMatched = false

  // The file of the save or the resume under way: `struct acc_vf_data`, `total_length` and the
  // file's position.
  private var data: [UInt8] = []
  private var filled = 0
  private var position = 0

  init(_ settings: HisiAccSettings = HisiAccSettings()) {
    self.settings = settings
    function = EmulatedFunction(
      ProfileIdentity(
        vendor: 0x19e5, device: settings.accelerator.deviceID, subsystemVendor: 0x19e5,
        classCode: settings.accelerator.classCode, revision: 0x30),
      bars: [ProfileBAR(index: 2, kind: .mem64, isPrefetchable: true, size: 64 << 10)],
      interrupts: .msi(vectorCount: 2))
    if settings.isReady {
      var workload = GuestWorkload(seed: settings.seed)
      registers = HisiAccRegisters(&workload)
    }
  }

  private var generation: HisiAccGeneration { settings.generation }

  var driver: String { "hisi_acc_vfio_pci" }
  var abilities: MigrationAbilities {
    generation == .first ? [.stopCopy] : [.stopCopy, .preCopy]
  }

  var facts: DeviceFacts {
    var facts = function.facts(
      driver: driver,
      layouts: generation.emitsV2 ? ["hisi_acc-v1", "hisi_acc-v2"] : ["hisi_acc-v1"])
    facts.hisiAcc = DeviceFacts.HisiAcc()
    facts.hisiAcc?.queuePairCount = settings.queuePairCount
    facts.hisiAcc?.queueIsolation = settings.isolation
    return facts
  }

  /// Of the guest's registers, whichever generation has them.
  var digest: String {
    EmulatedDevices.digest(of: [registers.isReady ? 0 : 1] + registers.bytes(.v2))
  }

  // MARK: Arcs

  func take(_ arc: MigrationArc) throws(LinuxErrno) {
    if arc == MigrationArc(.resuming, .stop) { try load() }
    if arc.closesChannel { closeFile() }
    if arc.to == .resuming {
      data = [UInt8](repeating: 0, count: HisiAccLayout.byteCount)
    } else if arc.opensChannel {
      data = matchData
      filled = HisiAccLayout.matchByteCount
    }
    if arc.to == .stopCopy { save() }
  }

  private func closeFile() {
    data = []
    (filled, position) = (0, 0)
  }

  /// Resets the function to its state before a guest's driver touched it.
  func reset() {
    closeFile()
    registers = HisiAccRegisters()
    function.reset()
  }

  // MARK: Saving

  // vf_qm_get_match_data; the physical function sets the queue pairs, whatever state was loaded.
  private var matchData: [UInt8] {
    var writer = ByteWriter(reserving: HisiAccLayout.byteCount)
    writer.little(generation.magic)
    writer.little(settings.queuePairCount)
    writer.little(UInt32(settings.accelerator.deviceID))
    writer.little(settings.isolation)
    writer.little(settings.queuePairBase)
    writer.little(0 as UInt32)
    writer.little(generation.emitsV2 ? HisiAccLayout.driverMajorVersion : 0)
    writer.little(HisiAccLayout.driverMinorVersion)
    return writer.bytes + [UInt8](repeating: 0, count: HisiAccLayout.byteCount - writer.count)
  }

  // vf_qm_state_save. Bytes that were read while the device ran stay as they were: there the
  // driver's state is 0.
  private func save() {
    guard registers.isReady else {
      data[HisiAccLayout.state] = 1
      filled = HisiAccLayout.matchByteCount
      return
    }
    data.replaceSubrange(HisiAccLayout.registers..., with: registers.bytes(generation))
    filled = HisiAccLayout.byteCount
  }

  func read(
    into span: inout MutableRawSpan, in state: MigrationState
  ) throws(LinuxErrno) -> Int {
    let count = min(span.byteCount, filled - position)
    // The first generation copies from the start, wherever the file is.
    let start = generation == .first ? 0 : position
    span.copy(data.span.raw.extracting(start..<start + count))
    position += count
    return count
  }

  func preCopyInformation() throws(LinuxErrno) -> PreCopyInformation {
    PreCopyInformation(initialByteCount: UInt64(filled - position), dirtyByteCount: 0)
  }

  func stopCopyByteCount() throws(LinuxErrno) -> UInt64 {
    UInt64(HisiAccLayout.byteCount)
  }

  // MARK: Loading

  func write(_ bytes: RawSpan) throws(LinuxErrno) -> Int {
    let count = bytes.byteCount
    guard count <= HisiAccLayout.byteCount - position else { throw .outOfMemory }
    // The first generation copies to the start, wherever the file is.
    let start = generation == .first ? 0 : position
    data.replaceSubrange(start..<start + count, with: [UInt8](bytes))
    position += count
    filled += count
    if generation != .first, filled >= HisiAccLayout.matchByteCount, !isMatched {
      do throws(LinuxErrno) {
        try match()
      } catch {
        // The bytes were taken all the same, and the next write is matched again.
        throw .fault
      }
    }
    return count
  }

  // vf_qm_check_match.
  private func match() throws(LinuxErrno) {
    let header = data
    let fields = header.span.raw
    switch fields.little(UInt64.self, at: HisiAccLayout.magic) {
    case HisiAccLayout.magicV1:
      if generation == .v2 { recomputeAddresses() }
    case HisiAccLayout.magicV2 where generation == .v2:
      guard
        fields.little(UInt16.self, at: HisiAccLayout.majorVersion)
          == HisiAccLayout.driverMajorVersion
      else { throw .invalid }
    default: throw .invalid
    }
    guard
      fields.little(UInt32.self, at: HisiAccLayout.deviceID)
        == UInt32(settings.accelerator.deviceID),
      fields.little(UInt32.self, at: HisiAccLayout.queuePairCount) == settings.queuePairCount,
      fields.little(UInt32.self, at: HisiAccLayout.isolation) == settings.isolation
    else { throw .invalid }
    // Until the correction the state of the guest's driver came with the match.
    if generation != .v2 {
      registers.isReady = fields.little(UInt32.self, at: HisiAccLayout.state) == 0
    }
    isMatched = generation != .first
  }

  // Done when the match is. If only the match data came yet, the context is zeros, and V1's
  // addresses later come over the zeros that this makes.
  private func recomputeAddresses() {
    let context = HisiAccRegisters(parsing: data.span.raw)
    var writer = ByteWriter()
    writer.little(HisiAccGeneration.v2.address(in: context.eventQueue))
    writer.little(HisiAccGeneration.v2.address(in: context.asynchronousQueue))
    data.replaceSubrange(
      HisiAccLayout.eventQueueAddress..<HisiAccLayout.submissionContexts, with: writer.bytes)
  }

  // vf_qm_load_data.
  private func load() throws(LinuxErrno) {
    if generation == .first {
      guard filled >= HisiAccLayout.matchByteCount else { throw .invalid }
      try match()
    }
    if filled == HisiAccLayout.matchByteCount { return }
    guard filled == HisiAccLayout.byteCount else { throw .invalid }
    let addresses = [
      HisiAccLayout.eventQueueAddress, HisiAccLayout.asynchronousQueueAddress,
      HisiAccLayout.submissionContexts, HisiAccLayout.completionContexts,
    ]
    let isAnyNull = addresses.contains { data[$0..<$0 + 8].allSatisfy { $0 == 0 } }
    // "resume dma addr is NULL": nothing is loaded, and that is no error.
    if generation == .v2, isAnyNull { return }
    var loaded = HisiAccRegisters(parsing: data.span.raw)
    if generation != .v2 { loaded.isReady = registers.isReady }
    registers = loaded
  }
}

extension EmulatedFamily {
  static let hisiAcc = EmulatedFamily(
    name: "hisi_acc",
    parameters: [
      "generation=first|v1|v2",
      "device=zip|sec|hpre",
      "qp=N",
      "qp-base=N",
      "isolation=N",
      "ready=no",
      "seed=N",
    ],
    summary: "a HiSilicon accelerator's virtual function under one of three generations of drivers",
    samples: [
      "generation=first",
      "generation=v1",
      "generation=v2",
      "generation=v2&qp=32",
    ]
  ) { (values) throws(DeviceURI.Malformed) in
    var settings = HisiAccSettings()
    settings.generation =
      try values.choice("generation", HisiAccGeneration.allCases.map { ($0.rawValue, $0) })
      ?? settings.generation
    settings.accelerator =
      try values.choice(
        "device", HisiAccSettings.Accelerator.allCases.map { ($0.rawValue, $0) })
      ?? settings.accelerator
    settings.queuePairCount = try values.number("qp", in: 1...1024) ?? settings.queuePairCount
    settings.queuePairBase =
      try values.number("qp-base", in: 0...4095) ?? settings.queuePairBase
    settings.isolation = try values.number("isolation", in: 0...UInt32.max) ?? settings.isolation
    settings.isReady = try values.truth("ready") ?? settings.isReady
    settings.seed = try values.seed()
    return HisiAccModel(settings)
  }
}
