/// Where the fields of `struct acc_vf_data` lie (drivers/vfio/pci/hisilicon/hisi_acc_vfio_pci.h); little-endian.
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
