import ByteIO
import Devices
import StateTranslation
import VirtualPCI

/// The settings of a virtual function of an emulated Intel 82576.
struct IgbSettings: Sendable, Hashable {
  /// Which of the structures of version 1 the device hands out and takes.
  enum Structure: Sendable, Hashable, CaseIterable {
    /// Registers alone, and only of the function's own number.
    case registers
    /// With receive addresses and the contexts of transmit queues. It may be of any function; the
    /// device changes the number.
    case whole

    var byteCount: Int { self == .registers ? 528 : 1024 }
  }

  var structure = Structure.whole
  /// The number of the function, 0 to 7.
  var number = 0
  /// The addresses that the function receives, 1 to 16; the first is the one that its host gave.
  var addressCount = 1
  /// Whether the guest has a driver for the function.
  var isReady = true
  var seed: UInt64 = 0
}

/// A virtual function of the Intel 82576 that an extended QEMU emulates, behind igb-vfio-pci, errno
/// for errno.
///
/// The driver moves a structure that the device writes and reads itself (vfio-pci-extras at
/// 505eafe, and the igb-migration branch of its author's QEMU). Every refusal of the device is EIO.
final class IgbModel: FunctionModel {
  let settings: IgbSettings
  var function: EmulatedFunction
  private(set) var state: IgbState
  private var file = StateFile()
  // A device of registers alone is in an error of its own then, until it is reset.
  private var hasFailed = false

  /// - Precondition: the settings' number is 0 to 7, and they have 1 to 16 addresses.
  init(_ settings: IgbSettings = IgbSettings()) {
    precondition(
      (0..<IgbRegisters.functionCount).contains(settings.number), "there are 8 functions")
    precondition((1...16).contains(settings.addressCount), "a function has 1 to 16 addresses")
    self.settings = settings
    function = EmulatedFunction(
      ProfileIdentity(
        vendor: 0x8086, device: 0x10ca, subsystemVendor: 0x8086, classCode: 0x02_0000, revision: 1),
      bars: [
        ProfileBAR(index: 0, kind: .mem64, isPrefetchable: true, size: 16 << 10),
        ProfileBAR(index: 3, kind: .mem64, isPrefetchable: true, size: 16 << 10),
      ],
      interrupts: .msix(vectorCount: 3, bar: 3))
    var workload = GuestWorkload(seed: settings.seed)
    state = IgbState(settings, &workload)
    if settings.isReady { state.use(settings, &workload) }
  }

  var driver: String { "igb-vfio-pci" }
  // The device that has registers alone knows no PRE_COPY.
  var abilities: MigrationAbilities {
    settings.structure == .registers ? .stopCopy : [.stopCopy, .preCopy]
  }
  var digest: String { EmulatedDevices.digest(of: state.content) }

  var facts: DeviceFacts {
    var facts = function.facts(driver: driver, layouts: ["igb"])
    facts.igb = DeviceFacts.Igb()
    facts.igb?.stateByteCount = settings.structure.byteCount
    facts.igb?.virtualFunction = settings.number
    return facts
  }

  func take(_ arc: MigrationArc) throws(LinuxErrno) {
    if arc == MigrationArc(.resuming, .stop) { try load() }
    if arc.closesChannel { closeFile() }
    // A file opened in PRE_COPY is empty until then.
    if arc.to == .stopCopy { file = StateFile(state.bytes) }
  }

  // igb_load_data: if nothing was written nothing is loaded, and that is no error.
  private func load() throws(LinuxErrno) {
    if file.bytes.isEmpty { return }
    guard !hasFailed else { throw .inputOutput }
    do throws(LinuxErrno) {
      try state.load(file.bytes)
    } catch {
      hasFailed = settings.structure == .registers
      throw error
    }
  }

  private func closeFile() { file = StateFile() }

  func reset() {
    closeFile()
    hasFailed = false
    var workload = GuestWorkload(seed: settings.seed)
    state = IgbState(settings, &workload)
    function.reset()
  }

  func read(
    into span: inout MutableRawSpan, in state: MigrationState
  ) throws(LinuxErrno) -> Int {
    file.read(into: &span)
  }

  func preCopyInformation() throws(LinuxErrno) -> PreCopyInformation {
    PreCopyInformation(initialByteCount: 0, dirtyByteCount: 0)
  }

  func stopCopyByteCount() throws(LinuxErrno) -> UInt64 {
    UInt64(settings.structure.byteCount)
  }

  // igb_resume_write: a write that goes beyond the device's structure is not taken at all.
  func write(_ bytes: RawSpan) throws(LinuxErrno) -> Int {
    try file.append(bytes, upTo: settings.structure.byteCount, orThrow: .tooLarge)
  }
}

extension EmulatedFamily {
  static let igb = EmulatedFamily(
    name: "igb",
    parameters: [
      "size=1024|528",
      "vf=N",
      "addresses=N",
      "ready=no",
      "seed=N",
    ],
    summary: """
      a virtual function of QEMU's Intel 82576 as extended for migration; of 528 bytes it is one that \
      has registers alone
      """,
    samples: [
      "vf=0",
      "vf=3",
      "size=528&vf=0",
      "size=528&vf=3",
    ]
  ) { (values) throws(DeviceURI.Malformed) in
    var settings = IgbSettings()
    settings.structure =
      try values.choice(
        "size", IgbSettings.Structure.allCases.map { ("\($0.byteCount)", $0) })
      ?? settings.structure
    settings.number =
      try values.number("vf", in: 0...IgbRegisters.functionCount - 1) ?? settings.number
    settings.addressCount =
      try values.number("addresses", in: 1...16) ?? settings.addressCount
    settings.isReady = try values.truth("ready") ?? settings.isReady
    settings.seed = try values.seed()
    return IgbModel(settings)
  }
}
