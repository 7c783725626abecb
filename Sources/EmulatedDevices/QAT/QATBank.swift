import ByteIO
import Devices

/// The registers of a bank of rings: `struct bank_state` (adf_accel_devices.h).
struct QATBank: Sendable, Hashable {
  struct Ring: Sendable, Hashable {
    var base: UInt64 = 0
    var configuration: UInt32 = 0
    var head: UInt32 = 0
    var tail: UInt32 = 0
  }

  /// Of the 22 words before the rings.
  enum Word: Int {
    case status = 0
    case emptyStatus = 3
    case fullStatus = 6
    case interruptEnable = 11
    case interruptSource = 13
    case coalescingEnable = 15
    case coalescingControl = 16
    case flagAndCoalescingEnable = 17
    case exceptionStatus = 18
    case exceptionEnable = 19
    case arbiterEnable = 20

    /// The status registers, which the hardware derives from the rings.
    static let statuses = 0..<11
    /// The registers that a restore writes.
    static let written: [Word] = [
      .interruptEnable, .interruptSource, .coalescingEnable, .coalescingControl,
      .flagAndCoalescingEnable, .exceptionEnable, .arbiterEnable,
    ]
  }

  static let byteCount = 472
  private static let wordCount = 22
  private static let ringCount = 16
  private static let ringByteCount = 24
  /// A bank of these devices has one ring for requests and one for responses.
  private static let usedRingCount = 2

  private var words = [UInt32](repeating: 0, count: wordCount)
  private var rings = [Ring](repeating: Ring(), count: ringCount)

  init() { setStatuses() }

  init(_ workload: inout GuestWorkload) {
    for index in 0..<Self.usedRingCount {
      // Messages of 128 bytes in a ring of 16 KiB.
      let head = UInt32(workload.index(below: 128)) << 7
      let isBusy = workload.index(below: 2) == 1
      rings[index] = Ring(
        base: workload.page(), configuration: 0x8000_0000 | UInt32(index) << 10 | 0x47,
        head: head, tail: isBusy ? (head &+ 256) & 0x3fff : head)
    }
    self[.interruptEnable] = 1
    self[.interruptSource] = 0x44
    self[.coalescingEnable] = UInt32(workload.index(below: 2))
    self[.coalescingControl] = 0x1f4
    self[.exceptionEnable] = 1
    self[.arbiterEnable] = 0xff
    setStatuses()
  }

  /// - Precondition: 472 bytes.
  init(parsing bytes: RawSpan) {
    for index in words.indices { words[index] = bytes.little(UInt32.self, at: 4 * index) }
    for index in rings.indices {
      let start = 4 * Self.wordCount + Self.ringByteCount * index
      rings[index] = Ring(
        base: bytes.little(UInt64.self, at: start),
        configuration: bytes.little(UInt32.self, at: start + 8),
        head: bytes.little(UInt32.self, at: start + 12),
        tail: bytes.little(UInt32.self, at: start + 16))
    }
  }

  subscript(word: Word) -> UInt32 {
    get { words[word.rawValue] }
    set { words[word.rawValue] = newValue }
  }

  private mutating func setStatuses() {
    for index in Word.statuses { words[index] = 0 }
    for index in 0..<Self.usedRingCount where rings[index].head == rings[index].tail {
      self[.emptyStatus] |= 1 << UInt32(index)
    }
    self[.status] = self[.emptyStatus]
  }

  /// Whether heads and tails of the rings agree with the saved status of the hardware, as far as
  /// they decide it: an empty ring and a full one have both at one place. "Nearly empty" and
  /// "nearly full" are the hardware's own, and taken on trust.
  private var hasAgreeingStatuses: Bool {
    (0..<Self.usedRingCount).allSatisfy { index in
      let ring = rings[index]
      let isEmpty = self[.emptyStatus] >> UInt32(index) & 1 == 1
      let isFull = self[.fullStatus] >> UInt32(index) & 1 == 1
      guard ring.head == ring.tail else { return !isEmpty }
      return isEmpty != isFull || !isEmpty && ring.configuration == 0
    }
  }

  /// Restores `saved` as the host's driver does: writes the registers, then compares the status of
  /// the rings with the saved one. Throws EINVAL if they differ, and EFAULT if a ring raises an
  /// exception.
  mutating func restore(_ saved: QATBank) throws(LinuxErrno) {
    for index in 0..<Self.usedRingCount {
      rings[index].base = saved.rings[index].base
      rings[index].configuration = saved.rings[index].configuration
    }
    // An exception that was there before is kept, and the restore ends without an error in the
    // middle of its work.
    self[.exceptionStatus] = saved[.exceptionStatus]
    if saved[.exceptionStatus] != 0 { return }
    for index in 0..<Self.usedRingCount {
      rings[index].head = saved.rings[index].head
      rings[index].tail = saved.rings[index].tail
    }
    for word in Word.written { self[word] = saved[word] }
    for index in Word.statuses { words[index] = saved.words[index] }
    guard hasAgreeingStatuses else { throw .invalid }
    // A ring that is used without memory.
    guard rings.allSatisfy({ $0.configuration == 0 || $0.base != 0 }) else { throw .fault }
  }

  var bytes: [UInt8] {
    var writer = ByteWriter(reserving: Self.byteCount)
    for word in words { writer.little(word) }
    for ring in rings {
      writer.little(ring.base)
      for value in [ring.configuration, ring.head, ring.tail, 0] { writer.little(value) }
    }
    return writer.bytes
  }
}
