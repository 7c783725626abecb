import ByteIO
import Devices
import StateTranslation
import VirtualPCI

/// A QAT virtual function behind qat_vfio_pci, errno for errno.
///
/// Read in drivers/vfio/pci/qat/main.c and drivers/crypto/intel/qat/qat_common/adf_gen4_vf_mig.c of
/// Linux 6.12.
final class QATModel: FunctionModel {
  /// `ADF_GEN4_VF_MSTATE_SIZE`.
  static let stateByteCount = 4096
  static let bankCount = 4

  let settings: QATSettings
  var function: EmulatedFunction

  // The guest's state of the function, and the host's knowledge of it.
  var banks = [QATBank](repeating: QATBank(), count: bankCount)
  /// visrc, vimsk, vispv, vimpv, pf2vm and vm2pf.
  var miscellaneous = [UInt32](repeating: 0, count: 6)
  var isInitialized = false
  var compatibility: UInt8 = 0

  // `mdev->state` and its sizes outlive the files: only a reset, or opening the device, clears the
  // sizes.
  var buffer = [UInt8](repeating: 0, count: stateByteCount)
  var setupByteCount = 0
  var remoteSetupByteCount = 0
  var filled = 0
  var position = 0

  init(_ settings: QATSettings = QATSettings()) {
    self.settings = settings
    function = EmulatedFunction(
      ProfileIdentity(
        vendor: 0x8086, device: settings.device.deviceID, subsystemVendor: 0x8086,
        classCode: 0x0b_4000),
      bars: [
        ProfileBAR(index: 0, kind: .mem64, size: 64 << 10),
        ProfileBAR(index: 2, kind: .mem64, size: 4 << 10),
      ],
      interrupts: .msix(vectorCount: 5, bar: 2))
    guard settings.isReady else { return }
    var workload = GuestWorkload(seed: settings.seed)
    for index in banks.indices { banks[index] = QATBank(&workload) }
    miscellaneous = [0, UInt32(workload.index(below: 16)), 0, 0, workload.word() & 0xff, 0]
    isInitialized = true
    compatibility = settings.compatibility
  }

  var driver: String { "qat_vfio_pci" }
  var abilities: MigrationAbilities { [.stopCopy, .peerToPeer, .preCopy] }

  var facts: DeviceFacts {
    var facts = function.facts(driver: driver, layouts: ["qat"])
    facts.qat = DeviceFacts.QAT()
    facts.qat?.virtualFunction = settings.number
    facts.qat?.capabilities = UInt64(settings.capabilities)
    facts.qat?.compressionCapabilities = UInt64(settings.compressionCapabilities)
    facts.qat?.serviceMap = UInt64(settings.serviceMap)
    facts.qat?.serviceLevels = settings.serviceLevels.map {
      DeviceFacts.QAT.ServiceLevel(
        service: $0.service, ringPairs: $0.ringPairs, committedRate: $0.committed,
        peakRate: $0.peak)
    }
    return facts
  }

  var digest: String {
    var writer = ByteWriter()
    for bank in banks { writer.append(bank.bytes) }
    // Which interrupts wait is saved, and not restored.
    for index in [1, 3, 4, 5] { writer.little(miscellaneous[index]) }
    writer.append([isInitialized ? 1 : 0, compatibility])
    return EmulatedDevices.digest(of: writer.bytes)
  }

  // MARK: Arcs

  func take(_ arc: MigrationArc) throws(LinuxErrno) {
    if arc == MigrationArc(.resuming, .stop) { try loadState() }
    if arc.closesChannel { closeFile() }
    if arc.to == .stopCopy {
      saveState()
    } else if arc.opensChannel, arc.to != .resuming {
      saveSetup()
      filled = setupByteCount
    }
  }

  private func closeFile() { (filled, position) = (0, 0) }

  func reset() {
    closeFile()
    (setupByteCount, remoteSetupByteCount) = (0, 0)
    banks = [QATBank](repeating: QATBank(), count: Self.bankCount)
    miscellaneous = [UInt32](repeating: 0, count: 6)
    (isInitialized, compatibility) = (false, 0)
    function.reset()
  }

  func read(
    into span: inout MutableRawSpan, in state: MigrationState
  ) throws(LinuxErrno) -> Int {
    let count = min(span.byteCount, filled - position)
    span.copy(buffer.span.raw.extracting(position..<position + count))
    position += count
    return count
  }

  func preCopyInformation() throws(LinuxErrno) -> PreCopyInformation {
    PreCopyInformation(
      initialByteCount: UInt64(setupByteCount - position), dirtyByteCount: 0)
  }

  func stopCopyByteCount() throws(LinuxErrno) -> UInt64 { UInt64(Self.stateByteCount) }

  func write(_ bytes: RawSpan) throws(LinuxErrno) -> Int {
    let count = bytes.byteCount
    guard count <= Self.stateByteCount - position else { throw .outOfMemory }
    buffer.replaceSubrange(position..<position + count, with: [UInt8](bytes))
    // Written bytes stay written even if the setup in them is refused.
    position += count
    filled += count
    try loadSetup(filled)
    return count
  }
}

extension EmulatedFamily {
  static let qat = EmulatedFamily(
    name: "qat",
    parameters: [
      "device=4xxx|401xx|402xx|420xx|gen6",
      "vf=N",
      "capabilities=BITS",
      "services=BITS",
      "extdc=BITS",
      "sla=SERVICE:PAIRS:RATE:PEAK",
      "compat=N",
      "ready=no",
      "seed=N",
    ],
    summary: """
      a QAT virtual function; SERVICE is asym, sym, dc or decomp, and PAIRS a mask whose bit 0 is \
      the function's first ring pair
      """,
    samples: [
      "device=4xxx&vf=0&sla=dc:0x3:10:20",
      "device=4xxx&vf=3&sla=dc:0x3:20:40",
      "device=gen6&vf=1",
    ]
  ) { (values) throws(DeviceURI.Malformed) in
    var settings = QATSettings()
    settings.device =
      try values.choice("device", QATSettings.Device.allCases.map { ($0.rawValue, $0) })
      ?? settings.device
    settings.number = try values.number("vf", in: 0...15) ?? 0
    settings.capabilities =
      try values.number("capabilities", in: 0...UInt32.max) ?? settings.capabilities
    settings.serviceMap = try values.number("services", in: 0...UInt16.max) ?? settings.serviceMap
    settings.compressionCapabilities =
      try values.number("extdc", in: 0...UInt32.max) ?? settings.compressionCapabilities
    for text in values.all("sla") {
      guard let level = QATSettings.ServiceLevel(text, function: settings.number) else {
        throw values.malformed("expected sla=SERVICE:PAIRS:RATE:PEAK, found '\(text)'")
      }
      settings.serviceLevels.append(level)
    }
    guard settings.serviceLevels.count <= 4 else {
      throw values.malformed("expected at most 4 sla=, found \(settings.serviceLevels.count)")
    }
    settings.compatibility = try values.number("compat", in: 0...UInt8.max) ?? 5
    settings.isReady = try values.truth("ready") ?? true
    settings.seed = try values.seed()
    return QATModel(settings)
  }
}

extension QATSettings.ServiceLevel {
  /// `sym:0x3:100:200`, with the ring pairs of the virtual function `function`.
  fileprivate init?(_ text: String, function: Int) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 4, let service = Self.services.firstIndex(of: String(parts[0])),
      let pairs = UInt64(numeral: parts[1]), pairs & 0xf != 0,
      pairs.leadingZeroBitCount >= 4 * function, let committed = UInt32(numeral: parts[2]),
      let peak = UInt32(numeral: parts[3])
    else { return nil }
    self.init(
      service: UInt32(service), ringPairs: pairs << UInt64(4 * function), committed: committed,
      peak: peak)
  }
}
