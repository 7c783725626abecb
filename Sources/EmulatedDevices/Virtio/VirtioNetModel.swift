import ByteIO
import Devices
import PCIConfig
import StateTranslation

/// A virtio network function behind virtio_vfio_pci, errno for errno.
///
/// The driver is drivers/vfio/pci/virtio/migrate.c (Linux 6.13, and with PRE_COPY after it). The
/// device behind it follows the specification's section on device parts.
final class VirtioNetModel: FunctionModel {
  let settings: VirtioNetSettings
  var function: EmulatedFunction
  private(set) var state: VirtioNetState

  // Saving: the records at hand, and the information given about them.
  private var file = StateFile()
  private var initialByteCount = 0
  private var refreshesLeft = 0
  // Resuming.
  private var reader = TaggedRecordReader()
  private var record: [UInt8] = []
  private var isFailed = false

  /// The room that the host's kernel has for a record: with more ahead its allocation fails.
  private static let recordLimit: UInt64 = 64 << 20
  private static let deviceDataTag: UInt32 = 0

  /// A function with settings that have no defect.
  init(_ settings: VirtioNetSettings = VirtioNetSettings()) {
    precondition(settings.defect == nil, "settings have a defect")
    self.settings = settings
    function = Self.function(settings)
    if settings.isReady {
      var workload = GuestWorkload(seed: settings.seed)
      state = VirtioNetState(settings, &workload)
    } else {
      state = VirtioNetState(settings)
    }
  }

  var driver: String { "virtio_vfio_pci" }
  var abilities: MigrationAbilities {
    settings.hasPreCopy ? [.stopCopy, .peerToPeer, .preCopy] : [.stopCopy, .peerToPeer]
  }

  var facts: DeviceFacts {
    let queues = 0..<settings.queueCount
    var facts = function.facts(driver: driver, layouts: ["virtio"])
    facts.virtio = DeviceFacts.Virtio()
    facts.virtio?.deviceFeatures =
      [settings.features.rawValue]
      + Array(repeating: 0, count: max(0, settings.featureWordCount - 1))
    facts.virtio?.queueCount = settings.queueCount
    facts.virtio?.queueSizes = [Int(settings.queueSize)]
    facts.virtio?.notifyOffsets = queues.map { Int(settings.notifyOffset($0)) }
    facts.virtio?.notifyData = queues.map { Int(settings.notifyData($0)) }
    facts.virtio?.addressLimit = settings.addressLimit
    return facts
  }

  /// Of what the guest finds again, on whatever device.
  var digest: String { EmulatedDevices.digest(of: state.bytes) }

  // MARK: Arcs

  func take(_ arc: MigrationArc) throws(LinuxErrno) {
    if arc.closesChannel { closeFile() }
    if arc.to == .stopCopy {
      // virtiovf_pci_save_device_final_data: the last record goes behind the unread rest of the
      // others.
      appendRecord()
    } else if arc.opensChannel, arc.to != .resuming {
      appendRecord()
      initialByteCount = file.left
      refreshesLeft = settings.refreshCount
    }
  }

  // virtiovf_disable_fds; parts of a record that is not whole are dropped without a word.
  private func closeFile() {
    file = StateFile()
    reader = TaggedRecordReader()
    record = []
    isFailed = false
  }

  func reset() {
    closeFile()
    state = VirtioNetState(settings)
    function.reset()
  }

  // MARK: Saving

  // virtiovf_read_device_context_chunk.
  private func appendRecord() {
    let parts = state.parts(settings)
    let header = TaggedRecord(
      byteCount: UInt64(parts.count), flags: 0, tag: Self.deviceDataTag)
    file.append(header.header + parts)
  }

  func read(
    into span: inout MutableRawSpan, in state: MigrationState
  ) throws(LinuxErrno) -> Int {
    if file.left == 0, state != .stopCopy { throw .noMessage }
    return file.read(into: &span)
  }

  // virtiovf_precopy_ioctl: if all is read and the device says that it has something, a new record
  // is made.
  func preCopyInformation() throws(LinuxErrno) -> PreCopyInformation {
    if file.position < initialByteCount {
      return PreCopyInformation(
        initialByteCount: UInt64(initialByteCount - file.position), dirtyByteCount: 0)
    }
    var dirty = file.left
    if refreshesLeft > 0 {
      dirty += state.parts(settings).count
      if file.left == 0 { appendRecord() }
      refreshesLeft -= 1
    }
    return PreCopyInformation(initialByteCount: 0, dirtyByteCount: UInt64(dirty))
  }

  func stopCopyByteCount() throws(LinuxErrno) -> UInt64 {
    UInt64(state.parts(settings).count)
  }

  // MARK: Loading

  func write(_ bytes: RawSpan) throws(LinuxErrno) -> Int {
    if isFailed { throw .noDevice }
    do throws(LinuxErrno) {
      try load(bytes)
    } catch {
      isFailed = true
      throw error
    }
    return bytes.byteCount
  }

  // virtiovf_resume_write.
  private func load(_ bytes: RawSpan) throws(LinuxErrno) {
    var position = 0
    while true {
      let start = position
      guard let event = reader.next(bytes, at: &position) else { return }
      switch event {
      case .header(let header):
        guard header.byteCount <= TaggedRecord.byteCountLimit else { throw .outOfMemory }
        guard isData || header.isOptional else { throw .notSupported }
        if isData, header.byteCount > Self.recordLimit { throw .outOfMemory }
        record = []
      case .body(let count):
        if isData { record += [UInt8](bytes.extracting(start..<start + count)) }
      case .end(let header):
        guard header.tag == Self.deviceDataTag else { continue }
        state = try VirtioPartsCommand(record, on: state, settings).state
      }
    }
  }

  private var isData: Bool { reader.record?.tag == Self.deviceDataTag }
}
