import ByteIO
import Devices

/// A part of the synthetic device that writes to memory by itself, at a steady rate, so that who
/// tracks dirty pages has something to track.
///
/// Its registers are the first 32 bytes of BAR 0: the address (8 bytes at 0x00) and the length
/// (8 at 0x08) of what it writes to, over and over; control (4 at 0x10), of which bit 0 has it run
/// and bit 1 says that memory refused it, which ends the run; the pages written since (8 at 0x18,
/// only read). Nothing of it is in the device's state. A page is 4096 bytes: its number in the run,
/// in each of its words.
struct DMAEngine {
  static let byteCount: UInt64 = 4096
  private static let pageByteCount: UInt64 = 4096
  private static let registerByteCount = 32
  // A page or more at a time, so that a high rate costs no more than a call each millisecond.
  private static let interval = Duration.milliseconds(1)

  private static let burstLimit: UInt64 = 64

  /// Bytes a second.
  let rate: UInt64
  private var registers = [UInt8](repeating: 0, count: registerByteCount)
  private var start: Duration?
  private var written: UInt64 = 0

  init(rate: UInt64) { self.rate = rate }

  private var address: UInt64 { registers.span.raw.little(UInt64.self, at: 0) }
  private var length: UInt64 { registers.span.raw.little(UInt64.self, at: 8) }
  private var isRunning: Bool { registers[0x10] & 0x01 != 0 }

  func read(at offset: UInt64, byteCount: Int) -> [UInt8] {
    (offset..<offset + UInt64(byteCount)).map { place in
      place < UInt64(Self.registerByteCount) ? registers[Int(place)] : 0
    }
  }

  mutating func write(_ bytes: [UInt8], at offset: UInt64) {
    let wasRunning = isRunning
    for (place, byte) in zip(offset..., bytes) where place < 0x18 { registers[Int(place)] = byte }
    registers[0x10] &= 0x01
    if isRunning, !wasRunning {
      start = nil
      written = 0
      showWritten()
    }
  }

  private mutating func showWritten() {
    for index in 0..<8 {
      registers[0x18 + index] = UInt8(truncatingIfNeeded: written >> UInt64(8 * index))
    }
  }

  /// Writes the pages that are due; when the next ones are.
  mutating func advance(to now: Duration, in memory: any DMAMemory) -> Duration? {
    let pages = length / Self.pageByteCount
    guard isRunning, pages > 0, rate > 0 else { return nil }
    let start = start ?? now
    self.start = start
    let due = UInt64(max(0, (now - start) / .seconds(1)) * Double(rate)) / Self.pageByteCount + 1
    // A guest's commands come between bursts; what was missed meanwhile is made up for in several.
    let last = min(due, written + Self.burstLimit)
    while written < last {
      let words = [UInt64](
        repeating: written.littleEndian, count: Int(Self.pageByteCount / 8))
      do throws(LinuxErrno) {
        // SAFETY: words have no padding, and every byte of them is one.
        try memory.write(
          unsafe words.span.bytes, at: address &+ (written % pages) * Self.pageByteCount)
      } catch {
        registers[0x10] = 0x02
        break
      }
      written += 1
    }
    showWritten()
    return isRunning ? now + Self.interval : nil
  }
}
