import ByteIO
import MigrationStream
import SystemPackage

/// What a stream amounts to so far whose chunks stand in several channels.
struct StripeLedger {
  private struct Device {
    var byteCount: UInt64 = 0
    var chunkCount: UInt64 = 0
  }

  private var devices: [Device] = []
  private var digests: StateDigests
  /// The chunks of all devices.
  private(set) var chunkCount: UInt64 = 0

  /// The books of a stream whose states get digests by these algorithms.
  init(digests algorithms: Set<Digest.Algorithm>) { digests = StateDigests(algorithms) }

  /// Makes room for the next device.
  mutating func addDevice() throws(StreamIOError) {
    guard digests.addDevice() else {
      throw StreamIOError(
        "device \(devices.count)", .system(.noMemory, attempting: "take a digest"))
    }
    devices.append(Device())
  }

  /// Counts the next chunk of a device; where it begins. One of a device that is not known is
  /// refused by who writes it.
  mutating func add(byteCount: Int, of device: UInt16) -> UInt64 {
    chunkCount += 1
    guard Int(device) < devices.count else { return 0 }
    let offset = devices[Int(device)].byteCount
    devices[Int(device)].byteCount += UInt64(byteCount)
    devices[Int(device)].chunkCount += 1
    return offset
  }

  /// Takes the bytes of a device's next chunk.
  mutating func digest(_ bytes: borrowing ByteBuffer, of device: UInt16) {
    guard Int(device) < devices.count else { return }
    digests.update(bytes, 0..<bytes.count, of: device)
  }

  /// The same for a chunk that was read.
  mutating func digest(_ chunk: borrowing StoredRecord) { chunk.digest(into: &digests) }

  /// Where the state of a device ended so far.
  func end(of device: UInt16) -> UInt64 { devices[Int(device)].byteCount }

  /// Each device, summed up.
  var summaries: [DeviceSummary] {
    devices.enumerated().map { number, device in
      DeviceSummary(
        byteCount: device.byteCount, chunkCount: device.chunkCount,
        digest: digests.value(.xxh3, of: UInt16(number)))
    }
  }

  /// The sums over all devices.
  var totals: StreamTotals {
    StreamTotals(
      deviceCount: UInt32(devices.count), chunkCount: chunkCount,
      stateByteCount: devices.reduce(0) { $0.addingSaturating($1.byteCount) })
  }

  /// Throws if a summary counts otherwise; whether every byte was held against its digest.
  func check(
    _ summary: DeviceSummary, of device: UInt16, at place: RecordLocation
  ) throws(StreamError) -> Bool {
    let actual = devices[Int(device)]
    guard summary.byteCount == actual.byteCount, summary.chunkCount == actual.chunkCount else {
      throw place.error(
        .totalsMismatch,
        expected: "\(actual.byteCount) bytes in \(actual.chunkCount) chunks of all channels",
        found: "a summary of \(summary.byteCount) bytes in \(summary.chunkCount)")
    }
    return try digests.check(summary, of: device, at: place)
  }
}
