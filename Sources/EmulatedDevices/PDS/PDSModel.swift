import ByteIO
import Devices
import StateTranslation
import VirtualPCI

/// A virtual function of a Pensando card behind pds_vfio_pci, errno for errno
/// (drivers/vfio/pci/pds/lm.c, Linux 6.12).
///
/// The driver moves a blob of the firmware and knows nothing of it. The firmware here has a blob
/// with a version and a checksum, and takes its own version only.
final class PDSModel: FunctionModel {
  /// `PDS_LM_DEVICE_STATE_LENGTH`.
  static let stateLimit = 65536
  // Of the blob: magic, version, its length and checksum, four bytes each.
  private static let headerByteCount = 16
  private static let magic: UInt32 = 0x4653_4450

  var function: EmulatedFunction
  private let firmware: UInt32
  private var blob: [UInt8]
  private var file = StateFile()

  /// - Precondition: `byteCount` is a multiple of 4 from 64 to 65536.
  init(byteCount: Int = 20480, firmware: UInt32 = 1, seed: UInt64 = 0) {
    precondition(
      byteCount.isMultiple(of: 4) && (64...Self.stateLimit).contains(byteCount),
      "a blob is words, at most 65536 bytes of them")
    self.firmware = firmware
    function = EmulatedFunction(
      ProfileIdentity(
        vendor: 0x1dd8, device: 0x1003, subsystemVendor: 0x1dd8, subsystemDevice: 0x5001,
        classCode: 0x02_0000),
      bars: [
        ProfileBAR(index: 0, kind: .mem64, isPrefetchable: true, size: 64 << 10),
        ProfileBAR(index: 2, kind: .mem64, isPrefetchable: true, size: 64 << 10),
      ],
      interrupts: .msix(vectorCount: 17, bar: 2))
    var workload = GuestWorkload(seed: seed)
    var body = ByteWriter(reserving: byteCount)
    while body.count < byteCount - Self.headerByteCount { body.little(workload.word()) }
    blob = Self.blob(firmware, body.bytes)
  }

  private static func blob(_ firmware: UInt32, _ body: [UInt8]) -> [UInt8] {
    var writer = ByteWriter(reserving: headerByteCount + body.count)
    writer.little(magic)
    writer.little(firmware)
    writer.little(UInt32(headerByteCount + body.count))
    writer.little(CRC32C.checksum(of: body.span.raw))
    return writer.bytes + body
  }

  var driver: String { "pds_vfio_pci" }
  var abilities: MigrationAbilities { [.stopCopy, .peerToPeer] }
  var digest: String { EmulatedDevices.digest(of: blob) }

  var facts: DeviceFacts {
    var facts = function.facts(driver: driver, layouts: ["pds"])
    facts.firmware = "\(firmware)"
    return facts
  }

  func take(_ arc: MigrationArc) throws(LinuxErrno) {
    if arc == MigrationArc(.resuming, .stop) { try restore() }
    if arc.closesChannel { closeFile() }
    if arc.to == .stopCopy { file = StateFile(blob) }
  }

  private func closeFile() { file = StateFile() }

  func reset() {
    closeFile()
    blob = Self.blob(firmware, [UInt8](repeating: 0, count: 64 - Self.headerByteCount))
    function.reset()
  }

  func read(
    into span: inout MutableRawSpan, in state: MigrationState
  ) throws(LinuxErrno) -> Int {
    file.read(into: &span)
  }

  // There is no pre-copy; the core does not let anybody ask.
  func preCopyInformation() throws(LinuxErrno) -> PreCopyInformation {
    throw .notSupportedByDriver
  }

  // sizeof(union pds_lm_dev_state), whatever there is.
  func stopCopyByteCount() throws(LinuxErrno) -> UInt64 { UInt64(Self.stateLimit) }

  // pds_vfio_restore_write takes the bytes that fit, and answers EINVAL if none do.
  func write(_ bytes: RawSpan) throws(LinuxErrno) -> Int {
    let room = Self.stateLimit - file.bytes.count
    return try file.append(
      room > 0 ? bytes.extracting(first: room) : bytes, upTo: Self.stateLimit, orThrow: .invalid)
  }

  // PDS_LM_CMD_RESTORE: the firmware is given all of the 64 KiB, zeros behind what was written.
  private func restore() throws(LinuxErrno) {
    let given =
      file.bytes + [UInt8](repeating: 0, count: Self.stateLimit - file.bytes.count)
    let fields = given.span.raw
    let count = Int(fields.little(UInt32.self, at: 8))
    guard fields.little(UInt32.self, at: 0) == Self.magic,
      fields.little(UInt32.self, at: 4) == firmware,
      (Self.headerByteCount...Self.stateLimit).contains(count)
    else { throw .invalid }
    let body = fields.extracting(Self.headerByteCount..<count)
    guard fields.little(UInt32.self, at: 12) == CRC32C.checksum(of: body) else {
      throw .inputOutput
    }
    blob = [UInt8](fields.extracting(first: count))
  }
}

extension EmulatedFamily {
  static let pds = EmulatedFamily(
    name: "pds",
    parameters: [
      "size=SIZE",
      "firmware=N",
      "seed=N",
    ],
    summary: "a virtual function of a Pensando card, whose state is its firmware's alone",
    samples: [
      "size=4KiB",
      "size=4KiB&firmware=2",
    ]
  ) { (values) throws(DeviceURI.Malformed) in
    let size = try values.one("size", "a multiple of 4 from 64 to 64KiB") { (text) -> Int? in
      UInt64(byteCount: text).flatMap { (64...65536).contains($0) && $0 % 4 == 0 ? Int($0) : nil }
    }
    let firmware = try values.number("firmware", in: 0...UInt32.max)
    return PDSModel(
      byteCount: size ?? 20480, firmware: firmware ?? 1, seed: try values.seed())
  }
}
