import DeviceTestSupport
import Devices
import EmulatedDevices
import StateLayout
import StateTranslation
import TestSupport
import Testing

@Suite struct MLX5Tests {
  private func mlx5(_ parameters: String = "size=200000") throws -> EmulatedDevice {
    try device("emulated:mlx5?\(parameters)")
  }

  private func record(_ body: [UInt8], tag: UInt32, flags: UInt32 = 0) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 16)
    header.put(UInt64(body.count), at: 0)
    header.put(flags, at: 8)
    header.put(tag, at: 12)
    return header + body
  }

  private func records(_ bytes: [UInt8]) -> [(flags: UInt32, tag: UInt32, body: [UInt8])] {
    var records: [(UInt32, UInt32, [UInt8])] = []
    var position = 0
    while position + 16 <= bytes.count {
      let count = Int(bytes.little(UInt64.self, at: position))
      let body = position + 16..<position + 16 + count
      records.append(
        (
          bytes.little(UInt32.self, at: position + 8), bytes.little(UInt32.self, at: position + 12),
          Array(bytes[body])
        ))
      position = body.upperBound
    }
    #expect(position == bytes.count)
    return records
  }

  // MARK: What is handed out

  @Test func aStoppedDeviceIsItsSizeAndOneImage() throws {
    let source = try mlx5()
    let bytes = try source.stopCopied()
    #expect(Array(bytes[..<16]) == [8, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0])
    let all = records(bytes)
    #expect(all.map(\.tag) == [1, 0] && all.map(\.flags) == [1, 0])
    let size = UInt64(all[1].body.count)
    #expect(try source.stopCopyByteCount() == size)
    #expect(all[0].body.little(UInt64.self, at: 0) == (size + 4095) & ~4095)
    #expect(try records(mlx5("size=200000&size-record=no").stopCopied()).map(\.tag) == [0])
    #expect(try mlx5("size=200000&format=raw").stopCopied() == all[1].body)
    #expect(try source.abilities() == [.stopCopy, .peerToPeer, .preCopy])
    #expect(try mlx5("format=raw").abilities() == [.stopCopy, .peerToPeer])
  }

  @Test func aDeviceThatRunsHandsOutItsChangesOneImageAfterTheOther() throws {
    let source = try mlx5("size=1MiB&dirty=50%&seed=3")
    let channel = try source.opened(.preCopy)
    let first = try channel.preCopyInformation()
    #expect(first.dirtyByteCount == 0)
    var bytes = try channel.read(Int(first.initialByteCount) + 1)
    #expect(UInt64(bytes.count) == first.initialByteCount)
    #expect(number { _ = try channel.read(1) } == .noMessage)
    let second = try channel.preCopyInformation()
    #expect(second.initialByteCount == 0 && second.dirtyByteCount > 0)
    bytes += try channel.drained()
    _ = try source.transition(to: .stopCopy)
    bytes += try channel.drained()
    #expect(try channel.read(1) == [])
    let all = records(bytes)
    #expect(all.map(\.tag) == [1, 0, 0, 0])
    #expect(all[0].body.little(UInt64.self, at: 0) > UInt64(all[1].body.count))
    #expect(all[2].body.count < all[1].body.count)
    _ = try source.transition(to: .stop)
    let target = try mlx5("size=1MiB")
    try target.load(bytes, step: steps(1, upTo: 90_000))
    #expect(target.model.digest == source.model.digest)
  }

  @Test func whatWasNotReadWhileItRanComesWhenItIsStopped() throws {
    let source = try mlx5("size=1MiB&dirty=100%&seed=4")
    let channel = try source.opened(.preCopy)
    var bytes = try channel.read(300_000)
    _ = try source.transition(to: .stopCopy)
    bytes += try channel.drained { 7777 }
    #expect(records(bytes).count == 3)
    let target = try mlx5("size=1MiB")
    try target.load(bytes)
    #expect(target.model.digest == source.model.digest)
  }

  @Test func chunksAreRecordsOfTheirOwn() throws {
    let source = try mlx5("size=20MiB&chunks=yes")
    let bytes = try source.stopCopied()
    let all = records(bytes)
    #expect(all.map(\.tag) == [1, 0, 0, 0])
    #expect(all[0].body.little(UInt64.self, at: 0) == 8 << 20)
    #expect(all.dropFirst().allSatisfy { $0.body.count <= 8 << 20 })
    let target = try mlx5("size=20MiB&seed=1")
    try target.load(bytes, step: { 1 << 20 })
    #expect(target.model.digest == source.model.digest)
  }

  // MARK: What is taken

  @Test(arguments: seeds(12), ["tagged", "raw"])
  func whatWasLoadedIsHandedOutAgain(seed: UInt64, format: String) throws {
    let parameters = "size=\(60_000 + 13_000 * seed)&format=\(format)"
    let source = try mlx5("\(parameters)&seed=\(seed)")
    let whole = try source.stopCopied(step: steps(seed, upTo: 70_000))
    let target = try mlx5("\(parameters)&seed=\(seed + 100)")
    try target.load(whole, step: steps(seed, upTo: 70_000))
    #expect(target.model.digest == source.model.digest)
    #expect(try target.stopCopied() == whole)
  }

  @Test func theFirmwareTakesItsOwnAndOlderImages() throws {
    let bytes = try mlx5("size=70000&firmware=5&capabilities=3").stopCopied()
    let last = DeviceError(.writeData(at: 0), .invalid)
    #expect(try mlx5("firmware=5&capabilities=3").refusal(of: bytes) == nil)
    #expect(try mlx5("firmware=6&capabilities=7").refusal(of: bytes) == nil)
    #expect(try mlx5("firmware=4").refusal(of: bytes) == last)
    #expect(try mlx5("firmware=5&capabilities=1").refusal(of: bytes) == last)
    #expect(
      try mlx5("firmware=5&size=64KiB").refusal(of: bytes)
        == DeviceError(.writeData(at: 0), .outOfMemory))
    // Without records the firmware is asked at the end.
    let raw = try mlx5("format=raw&size=70000&firmware=5").stopCopied()
    #expect(
      try mlx5("format=raw&firmware=4").refusal(of: raw) == DeviceError(.commit, .invalid))
    #expect(try mlx5("format=raw&firmware=5").refusal(of: raw) == nil)
  }

  @Test func aRefusalComesWithTheImagesLastByteAndTheChannelIsDeadThen() throws {
    var bytes = try mlx5().stopCopied()
    bytes[5000] ^= 1
    let channel = try mlx5().opened(.resuming)
    #expect(try channel.write(Array(bytes.dropLast())) == bytes.count - 1)
    #expect(number { _ = try channel.write([bytes[bytes.count - 1]]) } == .inputOutput)
    #expect(number { _ = try channel.write([0]) } == .noDevice)
  }

  @Test func recordsOfOtherTags() throws {
    let bytes = try mlx5("size=70000&seed=1").stopCopied()
    let target = try mlx5("size=70000")
    #expect(target.refusal(of: record([1, 2], tag: 9, flags: 1) + bytes) == nil)
    #expect(target.model.digest == (try mlx5("size=70000&seed=1")).model.digest)
    #expect(
      target.refusal(of: record([1, 2], tag: 9) + bytes)
        == DeviceError(.writeData(at: 0), .notSupported))
  }

  @Test func theSizeIsTakenWhateverItsFlagsAndLengthSay() throws {
    let image = records(try mlx5("size=70000").stopCopied())[1].body
    for size in [record([1], tag: 1), record([UInt8](repeating: 0, count: 20), tag: 1, flags: 7)] {
      #expect(try mlx5().refusal(of: size + record(image, tag: 0)) == nil)
    }
  }

  @Test func roomIsMadeForWhatIsAnnounced() throws {
    let image = records(try mlx5("size=70000").stopCopied())[1].body
    let room = "size=70000&host-memory=1MiB"
    #expect(try mlx5(room).refusal(of: record(image, tag: 0)) == nil)
    var huge = [UInt8](repeating: 0, count: 8)
    huge.put(UInt64(2 << 20), at: 0)
    #expect(
      try mlx5(room).refusal(of: record(huge, tag: 1, flags: 1) + record(image, tag: 0))
        == DeviceError(.writeData(at: 0), .outOfMemory))
    // Capped at what a record can be.
    huge.put(UInt64.max, at: 0)
    #expect(
      try mlx5("size=70000").refusal(of: record(huge, tag: 1, flags: 1) + record(image, tag: 0))
        == nil)
    var header = record([], tag: 0)
    header.put(UInt64(1) << 32, at: 0)
    #expect(try mlx5().refusal(of: header) == DeviceError(.writeData(at: 0), .outOfMemory))
  }

  @Test func imagesAreNotSplitMergedOrLeftOut() throws {
    let bytes = try mlx5("size=20MiB&chunks=yes").stopCopied()
    let all = records(bytes)
    func refusal(_ bodies: [[UInt8]]) throws -> LinuxErrno? {
      try mlx5("size=20MiB").refusal(of: bodies.flatMap { record($0, tag: 0) })?.errno
    }
    let images = all.dropFirst().map(\.body)
    #expect(try refusal(images) == nil)
    #expect(try refusal([images[0], images[2]]) == .invalid)
    #expect(try refusal([images[1], images[0]]) == .invalid)
    #expect(try refusal([images[0] + images[1]]) == .inputOutput)
    #expect(try refusal([Array(images[0][..<1000]), Array(images[0][1000...])]) == .inputOutput)
    #expect(try refusal([[]] + images) == .inputOutput)
  }

  @Test(arguments: [0, 1, 15, 24, 40, 60_000])
  func aTruncatedStreamIsTakenAndItsLastRecordDropped(count: Int) throws {
    let bytes = try mlx5("size=70000&seed=1").stopCopied()
    let target = try mlx5("size=70000&seed=2")
    let before = target.model.digest
    #expect(target.refusal(of: Array(bytes[..<count])) == nil)
    #expect(target.model.digest == before)
    // What one image is without its records is not seen either, but by the firmware.
    let raw = try mlx5("format=raw&size=70000").stopCopied()
    #expect(
      try mlx5("format=raw").refusal(of: Array(raw.dropLast()))
        == DeviceError(.commit, .inputOutput))
  }

  @Test func rawImagesHaveALimitAndNoHeaders() throws {
    let tagged = try mlx5("size=70000").stopCopied()
    #expect(
      try mlx5("format=raw").refusal(of: tagged) == DeviceError(.commit, .inputOutput))
    let raw = try mlx5("format=raw&size=70000").stopCopied()
    #expect(try mlx5().refusal(of: raw)?.errno != nil)
  }

  @Test(arguments: seeds(100))
  func nothingCrashesIt(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var bytes = try mlx5("size=70000&seed=\(seed)").stopCopied()
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      bytes[Int.random(in: 0..<140, using: &random)] = UInt8.random(in: 0...255, using: &random)
    }
    let target = try mlx5("size=70000")
    if let refusal = target.refusal(of: bytes, step: steps(seed, upTo: 30_000)) {
      #expect([.inputOutput, .invalid, .outOfMemory, .notSupported].contains(refusal.errno))
    }
    try target.reset()
    #expect(target.refusal(of: try mlx5("size=70000&seed=\(seed)").stopCopied()) == nil)
  }

  @Test(arguments: [
    "size=0", "size=4GiB", "format=raw&size=1GiB", "format=raw&chunks=yes", "dirty=3",
    "capabilities=x",
  ])
  func aFunctionThatCannotBeIsNoName(parameters: String) {
    #expect(throws: DeviceURI.Malformed.self) { try mlx5(parameters) }
  }

  @Test(arguments: ["size=2MiB&dirty=30%&seed=5", "size=10MiB&chunks=yes", "format=raw"])
  func enginesTakeItFromDeviceToDevice(parameters: String) throws {
    let source = try mlx5(parameters)
    let box = StreamBox()
    _ = try capture([source], into: box)
    let target = try mlx5("\(parameters)".replacing("seed=5", with: "seed=9"))
    _ = try replay(box.bytes, onto: [target])
    #expect(target.model.digest == source.model.digest)
    #expect(target.model.facts.firmware == "1")
  }
}
