import ByteIO

/// The registers of a virtual function's queue manager that its guest programs, and that its state
/// carries.
struct HisiAccRegisters: Sendable, Hashable {
  static let contextWordCount = 7

  /// `QM_VF_STATE`: whether the guest has a driver that set the function up.
  var isReady = false
  /// The masks and sources of interrupts, then the page size, as they lie in the state from byte 40
  /// on.
  var words = [UInt32](repeating: 0, count: 6)
  /// `QM_EQC_DW0` and the words behind it: bits of the queue, the low and the high half of its
  /// address, and more.
  var eventQueue = [UInt32](repeating: 0, count: contextWordCount)
  var asynchronousQueue = [UInt32](repeating: 0, count: contextWordCount)
  /// Where the guest has the tables of submission and completion queues: what the mailbox knows.
  var submissionContexts: UInt64 = 0
  var completionContexts: UInt64 = 0

  /// A function that its guest left alone.
  init() {}

  /// The state of the function that a guest's driver has set up.
  init(_ workload: inout GuestWorkload) {
    isReady = true
    words[0] = workload.word() & 1
    words[1] = workload.word() & 1
    words[3] = 3
    words[5] = [0, 1, 2][workload.index(below: 3)]
    eventQueue = Self.context(&workload)
    asynchronousQueue = Self.context(&workload)
    submissionContexts = workload.page()
    completionContexts = workload.page()
  }

  private static func context(_ workload: inout GuestWorkload) -> [UInt32] {
    let address = workload.page()
    let head = workload.word() & 0x3ff | 0x1_0000
    return [
      head, UInt32(truncatingIfNeeded: address), UInt32(address >> 32), 0x3ff, 0, 0,
      workload.word() & 0x7fff_ffff,
    ]
  }

  /// Reads the registers out of state of 176 bytes.
  init(parsing data: RawSpan) {
    func words(_ offset: Int, _ count: Int) -> [UInt32] {
      (0..<count).map { data.little(UInt32.self, at: offset + 4 * $0) }
    }
    isReady = data.little(UInt32.self, at: HisiAccLayout.state) == 0
    self.words = words(HisiAccLayout.registers, 6)
    eventQueue = words(HisiAccLayout.eventQueueContext, Self.contextWordCount)
    asynchronousQueue = words(HisiAccLayout.asynchronousQueueContext, Self.contextWordCount)
    submissionContexts = data.little(UInt64.self, at: HisiAccLayout.submissionContexts)
    completionContexts = data.little(UInt64.self, at: HisiAccLayout.completionContexts)
  }

  /// The bytes behind the match data, with the queues' addresses composed as `generation` does.
  func bytes(_ generation: HisiAccGeneration) -> [UInt8] {
    var writer = ByteWriter(reserving: HisiAccLayout.byteCount - HisiAccLayout.registers)
    // Five reserved registers and a word of padding end them.
    let reserved = [UInt32](repeating: 0, count: 6)
    for word in words + eventQueue + asynchronousQueue + reserved { writer.little(word) }
    writer.little(generation.address(in: eventQueue))
    writer.little(generation.address(in: asynchronousQueue))
    writer.little(submissionContexts)
    writer.little(completionContexts)
    return writer.bytes
  }
}

/// The offsets of the fields of `struct acc_vf_data`
/// (drivers/vfio/pci/hisilicon/hisi_acc_vfio_pci.h); little-endian.
enum HisiAccLayout {
  static let magic = 0
  static let queuePairCount = 8
  static let deviceID = 12
  static let isolation = 16
  static let queuePairBase = 20
  static let state = 24
  /// In V1 these four bytes are the first of its reserved words.
  static let majorVersion = 28
  static let minorVersion = 30
  /// `QM_MATCH_SIZE`: what is matched before anything is loaded.
  static let matchByteCount = 40
  static let registers = 40
  static let eventQueueContext = 64
  static let asynchronousQueueContext = 92
  static let reservedRegisters = 120
  static let eventQueueAddress = 144
  static let asynchronousQueueAddress = 152
  static let submissionContexts = 160
  static let completionContexts = 168
  static let byteCount = 176

  /// `ACC_DEV_MAGIC_V1` and `ACC_DEV_MAGIC_V2`.
  static let magicV1: UInt64 = 0xcdcd_cdcd_feed_aacc
  static let magicV2: UInt64 = 0xaacc_feed_deca_dede
  static let driverMajorVersion: UInt16 = 1
  static let driverMinorVersion: UInt16 = 0
}
