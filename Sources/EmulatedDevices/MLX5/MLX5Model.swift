import ByteIO
import Devices
import StateTranslation
import VirtualPCI

/// An mlx5 virtual function behind mlx5_vfio_pci, errno for errno, with a firmware that is made up.
///
/// Read in drivers/vfio/pci/mlx5/main.c and cmd.c of Linux 6.12; ``MLX5Settings/Format/raw`` is the
/// driver of 5.18 to 6.1. A context of any size takes little memory, on either side.
final class MLX5Model: FunctionModel {
  static let imageTag: UInt32 = 0
  static let sizeTag: UInt32 = 1
  /// `MAX_CHUNK_SIZE`.
  static let chunkByteCount: UInt64 = 8 << 20
  /// `MAX_MIGRATION_SIZE` of the drivers without records.
  static let rawLimit: UInt64 = 512 << 20

  let settings: MLX5Settings
  var function: EmulatedFunction
  var memory: GeneratedMemory

  // Saving: the images at hand, in turn; blocks that changed since they went out; blocks still to
  // go in chunks.
  var head = StateFile()
  var image: MLX5ImageWriter?
  var pendingChunks: Range<Int> = 0..<0
  /// Whether the changes since are yet to follow what is at hand.
  var isStopped = false
  var imageCount: UInt32 = 0
  var initialByteCount: UInt64 = 0
  var position: UInt64 = 0
  var dirty: [Int] = []
  var isDirty: Set<Int> = []
  var dirtyCredit: UInt64 = 0
  private var workload: GuestWorkload

  // Resuming.
  var records = TaggedRecordReader()
  var firmwareReader: MLX5ImageReader
  var sizeRecord: [UInt8] = []
  var sizeHint: UInt64 = 0
  var loadedImageCount: UInt32 = 0
  var written: UInt64 = 0
  var isFailed = false

  /// A function with settings that have no defect.
  init(_ settings: MLX5Settings = MLX5Settings()) {
    precondition(settings.defect == nil, "settings have a defect")
    self.settings = settings
    function = EmulatedFunction(
      ProfileIdentity(
        vendor: 0x15b3, device: 0x101e, subsystemVendor: 0x15b3, subsystemDevice: 0x0058,
        classCode: 0x02_0000),
      bars: [ProfileBAR(index: 0, kind: .mem64, isPrefetchable: true, size: 2 << 20)],
      interrupts: .msix(vectorCount: 12, bar: 0))
    memory = GeneratedMemory(byteCount: settings.byteCount, seed: settings.seed)
    workload = GuestWorkload(seed: settings.seed)
    firmwareReader = MLX5ImageReader(byteCount: settings.byteCount)
  }

  var driver: String { "mlx5_vfio_pci" }
  var abilities: MigrationAbilities {
    settings.hasPreCopy ? [.stopCopy, .peerToPeer, .preCopy] : [.stopCopy, .peerToPeer]
  }
  var digest: String { memory.digest }

  var facts: DeviceFacts {
    var facts = function.facts(
      driver: driver, layouts: [settings.format == .raw ? "mlx5-raw" : "mlx5"])
    facts.firmware = "\(settings.firmware)"
    return facts
  }

  // MARK: Arcs

  func take(_ arc: MigrationArc) throws(LinuxErrno) {
    if arc == MigrationArc(.resuming, .stop), settings.format == .raw { try loadImage() }
    if arc.closesChannel { closeFile() }
    if arc.opensChannel, arc.to != .resuming {
      save(isTracked: arc.to != .stopCopy)
    } else if arc.to == .stopCopy {
      saveRest()
    }
  }

  func closeFile() {
    head = StateFile()
    image = nil
    pendingChunks = 0..<0
    isStopped = false
    imageCount = 0
    (initialByteCount, position, dirtyCredit) = (0, 0, 0)
    dirty = []
    isDirty = []
    records = TaggedRecordReader()
    firmwareReader = MLX5ImageReader(byteCount: settings.byteCount)
    (sizeHint, written, loadedImageCount, isFailed) = (0, 0, 0, false)
  }

  func reset() {
    closeFile()
    memory = GeneratedMemory(byteCount: settings.byteCount, seed: 0)
    for block in memory.generations.indices { memory.generations[block] = .max }
    function.reset()
  }

  /// Changes blocks, as the guest of a device that runs does while its state is read.
  func change(for byteCount: Int) {
    let blockByteCount = UInt64(GeneratedMemory.blockByteCount)
    dirtyCredit += UInt64(byteCount) * UInt64(settings.dirtyPercentage)
    while dirtyCredit >= 100 * blockByteCount {
      dirtyCredit -= 100 * blockByteCount
      let block = workload.index(below: memory.blockCount)
      memory.generations[block] &+= 1
      if isDirty.insert(block).inserted { dirty.append(block) }
    }
  }
}

extension EmulatedFamily {
  static let mlx5 = EmulatedFamily(
    name: "mlx5",
    parameters: [
      "format=tagged|raw",
      "size=SIZE",
      "dirty=N%",
      "chunks=yes",
      "size-record=no",
      "firmware=N",
      "capabilities=BITS",
      "host-memory=SIZE",
      "seed=N",
    ],
    summary: "an mlx5 virtual function, with a firmware that takes what it or an older one gave",
    samples: [
      "format=raw&size=64KiB",
      "size=64KiB",
    ]
  ) { (values) throws(DeviceURI.Malformed) in
    var settings = MLX5Settings()
    settings.format =
      try values.choice("format", MLX5Settings.Format.allCases.map { ($0.rawValue, $0) })
      ?? settings.format
    settings.byteCount = try values.byteCount("size") ?? settings.byteCount
    settings.dirtyPercentage = try values.percentage("dirty") ?? 0
    settings.usesChunks = try values.truth("chunks") ?? false
    settings.announcesSize = try values.truth("size-record") ?? true
    settings.firmware = try values.number("firmware", in: 0...UInt32.max) ?? settings.firmware
    settings.capabilities = try values.bits("capabilities") ?? settings.capabilities
    settings.hostByteCount = try values.byteCount("host-memory") ?? settings.hostByteCount
    settings.seed = try values.seed()
    if let defect = settings.defect { throw values.malformed(defect) }
    return MLX5Model(settings)
  }
}
