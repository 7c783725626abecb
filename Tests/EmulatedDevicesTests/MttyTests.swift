import ByteIO
import DeviceTestSupport
import Devices
import EmulatedDevices
import MigrationStream
import TestSupport
import Testing

/// What samples/vfio-mdev/mtty.c does, call by call: numbers and errno as measured on Linux
/// 6.12.117 (corpora/mtty) or read in its source.
@Suite struct MttyTests {
  private func read(_ channel: any MigrationChannel, _ count: Int) throws(DeviceError) -> [UInt8] {
    var buffer = ByteBuffer(capacity: count)
    _ = try buffer.fill(limit: count) { (span) throws(DeviceError) in
      try channel.read(into: &span)
    }
    return [UInt8](buffer.bytes)
  }

  private func write(_ channel: any MigrationChannel, _ bytes: [UInt8]) throws(DeviceError) -> Int {
    try channel.write(bytes.span.raw)
  }

  private func number(_ body: () throws -> Void) -> LinuxErrno? {
    do { try body() } catch { return (error as? DeviceError)?.errno }
    return nil
  }

  private func opened(
    _ device: EmulatedDevice, _ state: MigrationState
  ) throws -> any MigrationChannel {
    try #require(try device.transition(to: state))
  }

  private func state(_ name: String) throws -> [UInt8] { try Corpus.bytes("mtty/\(name).state") }

  @Test(arguments: [
    ("mtty1-1", 1, [] as [UInt8]), ("mtty1-3", 1, [UInt8](200..<216)),
    ("mtty2-5", 2, [UInt8]("hello".utf8)),
  ])
  func stateIsTheKernelsByteForByte(name: String, ports: Int, text: [UInt8]) throws {
    let model = MttyModel(portCount: ports)
    for (register, byte) in [(3, 0x83), (0, 12), (1, 0), (3, 3), (2, 7)] as [(Int, UInt8)] {
      model.write(byte, port: 0, register: register)
    }
    for byte in text { model.write(byte, port: 0, register: 0) }
    #expect(model.image == (try state(name)))
    // Where a VMM had put the first port.
    model.writeConfiguration([0, 0xc0, 0, 0], at: 0x10)
    #expect(model.configuration == (try Corpus.bytes("mtty/\(name).config")))
    #expect(model.regions.map(\.byteCount) == [8, ports == 2 ? 8 : 0, 0, 0, 0, 0, 0, 255, 0])
    #expect(try model.stopCopyByteCount() == UInt64(try state(name).count))
  }

  @Test func aKeptDeviceIsAsItWas() throws {
    let whole = try state("mtty2-5")
    let mtty = try device("emulated:mtty?ports=2")
    try mtty.restore(keptState: whole)
    #expect(mtty.keptState == whole)
  }

  @Test func onlyAnMttyIsKeptInAFileAndOnlyForWhoeverKeepsIt() throws {
    func kept(_ name: String, mayBe: Bool = true) throws -> String? {
      try EmulatedDevice(DeviceURI(parsing: name), mayBeKept: mayBe).keptPath
    }
    #expect(try kept("emulated:mtty?file=a&ports=2") == "a")
    #expect(try kept("emulated:mtty") == nil)
    for (name, mayBe) in [
      ("emulated:mtty?file=a&file=b", true), ("emulated:mtty?file=a", false),
      ("emulated:igb?file=a", true),
    ] {
      #expect(throws: DeviceURI.Malformed.self) { try kept(name, mayBe: mayBe) }
    }
  }

  @Test func whatWasNotKeptOfADeviceLikeItIsRefused() throws {
    for name in ["mtty?ports=1&text=a", "mtty?ports=2", "virtio-net"] {
      let other = try device("emulated:\(name)")
      let before = other.keptState
      for bytes in [[], try state("mtty2-5").dropLast(), [UInt8](repeating: 0, count: 96)] {
        #expect(throws: EmulatedDevice.KeptStateError.self) {
          try other.restore(keptState: [UInt8](bytes))
        }
      }
      #expect(other.keptState == before)
      #expect((before == nil) == (name == "virtio-net"))
    }
  }

  @Test func preCopyShowsTheHeaderAndStopCopyTheRestOnTheSameChannel() throws {
    let mtty = try device("emulated:mtty?ports=2&text=hello")
    let whole = try state("mtty2-5")
    let channel = try opened(mtty, .preCopy)
    #expect(
      try channel.preCopyInformation()
        == PreCopyInformation(initialByteCount: 24, dirtyByteCount: 0))
    #expect(try read(channel, 10) == Array(whole[..<10]))
    #expect(try channel.preCopyInformation().initialByteCount == 14)
    #expect(try read(channel, 4096) == Array(whole[10..<24]))
    #expect(try read(channel, 4096) == [])
    #expect(try mtty.transition(to: .preCopyP2P) == nil)
    #expect(try mtty.transition(to: .stopCopy) == nil)
    #expect(number { _ = try channel.preCopyInformation() } == .invalid)
    #expect(try read(channel, 4096) == Array(whole[24...]))
    #expect(try read(channel, 4096) == [])
    _ = try mtty.transition(to: .running)
    #expect(number { _ = try read(channel, 1) } == .noDevice)
  }

  @Test func aChannelHasOneDirectionAndNoOffsets() throws {
    let mtty = try device("emulated:mtty")
    let saving = try #require(try opened(mtty, .stopCopy) as? EmulatedChannel)
    #expect(number { _ = try write(saving, [1]) } == .badDescriptor)
    let resuming = try opened(mtty, .resuming)
    #expect(number { _ = try read(resuming, 1) } == .badDescriptor)
    var buffer = ByteBuffer(capacity: 1)
    #expect(
      throws: DeviceError(.readData(at: 7), .notSeekable),
      performing: {
        _ = try buffer.fill { (span) throws(DeviceError) in try saving.read(into: &span, at: 7) }
      })
  }

  @Test(arguments: 0..<96)
  func everyCutIsTakenAndCommits(cut: Int) throws {
    let whole = try state("mtty2-5")
    let mtty = try device("emulated:mtty?ports=2")
    let channel = try opened(mtty, .resuming)
    #expect(try write(channel, Array(whole[..<cut])) == cut)
    #expect(try write(channel, Array(whole[cut...])) == 96 - cut)
    _ = try mtty.transition(to: .running)
    #expect(mtty.serial?.image == whole)
  }

  @Test(arguments: 0..<24)
  func anyOtherHeaderByteIsEFAULTOnceAndThenTaken(offset: Int) throws {
    var bytes = try state("mtty2-5")
    bytes[offset] ^= 1
    let mtty = try device("emulated:mtty?ports=2")
    let channel = try opened(mtty, .resuming)
    #expect(number { _ = try write(channel, Array(bytes[..<24])) } == .fault)
    // The quirk: the bytes were taken all the same, and the header is looked at only once.
    #expect(try write(channel, Array(bytes[24...])) == 72)
    _ = try mtty.transition(to: .running)
    #expect(mtty.serial?.image == (try state("mtty2-5")))
  }

  @Test func tooMuchIsENOMEMAndNothingOfItTaken() throws {
    let whole = try state("mtty1-1")
    let mtty = try device("emulated:mtty?ports=1")
    let channel = try opened(mtty, .resuming)
    #expect(number { _ = try write(channel, whole + [0]) } == .outOfMemory)
    #expect(try write(channel, whole) == 60)
    #expect(number { _ = try write(channel, [0]) } == .outOfMemory)
    _ = try mtty.transition(to: .running)
  }

  @Test(arguments: [0, 1, 23, 24, 25, 59])
  func tooLittleIsEINVALAndStaysInResuming(count: Int) throws {
    let mtty = try device("emulated:mtty?ports=1&text=old")
    let before = mtty.content
    let channel = try opened(mtty, .resuming)
    _ = try write(channel, Array(try state("mtty1-1")[..<count]))
    #expect(number { _ = try mtty.transition(to: .running) } == .invalid)
    #expect(mtty.now == .resuming)
    try mtty.reset()
    #expect(mtty.now == .running)
    #expect(mtty.content == before)
    #expect(number { _ = try write(channel, [0]) } == .noDevice)
  }

  @Test func leavingResumingWithoutItsChannelIsFatal() throws {
    let mtty = try device("emulated:mtty")
    _ = try mtty.transition(to: .resuming)
    mtty.abandon()
    #expect(number { _ = try mtty.transition(to: .stop) } == .noDevice)
    #expect(number { try mtty.reset() } == .noDevice)
  }

  @Test func bytesSentAreReceivedAgainAfterAMove() throws {
    let target = try device("emulated:mtty?ports=2")
    _ = try replay(try stream(of: "emulated:mtty?ports=2&text=hello"), onto: [target])
    let received = (0..<6).map { _ in target.serial?.receive(port: 0) }
    #expect(received == [UInt8]("hello".utf8).map(Optional.some) + [nil])
  }
}
