import ByteIO
import DeviceTestSupport
import Devices
import EmulatedDevices
import TestSupport
import Testing

@Suite struct SyntheticDeviceTests {
  /// Everything that a stopped device hands out, read in steps.
  private func drained(_ channel: any MigrationChannel, step: () -> Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = ByteBuffer(capacity: 1 << 20)
    while true {
      buffer.removeAll()
      let count = try buffer.fill(limit: step()) { (span) throws(DeviceError) in
        try channel.read(into: &span)
      }
      if count == 0 { return bytes }
      bytes += [UInt8](buffer.bytes)
    }
  }

  private func state(_ uri: String, step: () -> Int = { 1 << 20 }) throws -> [UInt8] {
    let synthetic = try device(uri)
    return try drained(try #require(try synthetic.transition(to: .stopCopy)), step: step)
  }

  @Test(arguments: seeds(8))
  func bytesDependOnTheSeedAndNotOnTheSteps(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let uri = "emulated:synthetic?size=300000&seed=\(seed)"
    let whole = try state(uri)
    #expect(whole.count == 32 + 5 * 16 + 300_000)
    #expect(try state(uri) { Int.random(in: 1...70_000, using: &random) } == whole)
    #expect(try state("emulated:synthetic?size=300000&seed=\(seed + 1)") != whole)
  }

  @Test(arguments: seeds(32))
  func aWrongByteIsRefusedWhereItIs(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var bytes = try state("emulated:synthetic?size=200000&seed=\(seed)")
    let place = Int.random(in: 48..<48 + 65_536, using: &random)
    bytes[place] ^= 0x10
    let target = try device("emulated:synthetic?size=200000")
    let channel = try #require(try target.transition(to: .resuming))
    var position = 0
    var failure: DeviceError?
    while position < bytes.count, failure == nil {
      let end = min(position + Int.random(in: 1...9000, using: &random), bytes.count)
      do throws(DeviceError) {
        position += try channel.write(bytes.span.raw.extracting(position..<end))
      } catch {
        failure = error
      }
    }
    #expect(
      failure == DeviceError(.writeData(at: UInt64(place & ~7)), .inputOutput)
        || failure?.operation == .writeData(at: UInt64(place)))
    #expect(position == place)
  }

  @Test func aBlockThatIsMissingIsEINVALAtTheEnd() throws {
    let bytes = try state("emulated:synthetic?size=200000")
    let target = try device("emulated:synthetic?size=200000")
    let channel = try #require(try target.transition(to: .resuming))
    let short = Array(bytes[..<(32 + 16 + 65_536)])
    #expect(try channel.write(short.span.raw) == short.count)
    #expect(throws: DeviceError(.transition(MigrationArc(.resuming, .stop)), .invalid)) {
      try target.transition(to: .running)
    }
  }

  @Test(arguments: [
    "emulated:mtty?ports=3", "emulated:mtty?ports=", "emulated:mtty?port=1", "emulated:other",
    "emulated:", "emulated",
    ":mtty", "vfio:mtty", "emulated:synthetic?size=0", "emulated:synthetic?size=1PiB",
    "emulated:synthetic?dirty=5",
    "emulated:synthetic?dirty=2000%", "emulated:synthetic?size=4KiB&precopy=8KiB",
    "emulated:mtty?ports=1&ports=2",
    "emulated:synthetic?fail=RUNNING-STOP", "emulated:synthetic?fail=NOWHERE-STOP:EIO",
    "emulated:synthetic?fail=5:ENOSUCH", "emulated:synthetic?fail=5:EIO:STOP",
    "emulated:mtty?text=12345678901234567",
    "emulated:synthetic?x", "emulated:synthetic?=1",
  ])
  func aMalformedNameSaysWhatWasExpected(text: String) {
    #expect { try device(text) } throws: { error in
      (error as? DeviceURI.Malformed).map { $0.text == text && $0.reason.isEmpty == false } ?? false
    }
  }

  @Test func aNameIsReadInParts() throws {
    let uri = try DeviceURI(parsing: "fd:5?iommufd=6&devid=1&x=5%&y=a%20b%zz")
    #expect(uri.scheme == "fd" && uri.path == "5")
    #expect(uri.parameters.map(\.key) == ["iommufd", "devid", "x", "y"])
    #expect(uri.parameters.map(\.value) == ["6", "1", "5%", "a b%zz"])
    #expect(try DeviceURI(parsing: "vfio:0000:3b:00.1").path == "0000:3b:00.1")
  }
}
