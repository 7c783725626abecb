import DeviceTestSupport
import Devices
import EmulatedDevices
import StateLayout
import StateTranslation
import TestSupport
import Testing

@Suite struct XeTests {
  private static let small = "vram=256KiB&ggtt=64KiB"

  private func xe(_ parameters: String = small) throws -> EmulatedDevice {
    try device("emulated:xe?\(parameters)")
  }

  private struct Packet: Equatable {
    var version: UInt8 = 1
    var kind: UInt8
    var tile: UInt8 = 0
    var engine: UInt8 = 0
    var offset: UInt64 = 0
    var payload: [UInt8] = []

    var bytes: [UInt8] {
      var header = [version, kind, tile, engine] + [UInt8](repeating: 0, count: 20)
      header.put(offset, at: 8)
      header.put(UInt64(payload.count), at: 16)
      return header + payload
    }
  }

  private func packets(_ bytes: [UInt8]) -> [Packet] {
    var packets: [Packet] = []
    var position = 0
    while position + 24 <= bytes.count {
      let end = position + 24 + Int(bytes.little(UInt64.self, at: position + 16))
      packets.append(
        Packet(
          version: bytes[position], kind: bytes[position + 1], tile: bytes[position + 2],
          engine: bytes[position + 3], offset: bytes.little(UInt64.self, at: position + 8),
          payload: Array(bytes[position + 24..<end])))
      position = end
    }
    #expect(position == bytes.count)
    return packets
  }

  // MARK: What is handed out

  @Test func theDescriptorComesFirstAndTheTrailerLast() throws {
    let source = try xe("\(Self.small)&packet=100000&device=0x7d55&revision=4")
    let bytes = try source.stopCopied()
    #expect(Array(bytes[..<8]) == [1, 1, 0, 0, 0, 0, 0, 0])
    let all = packets(bytes)
    #expect(all.map(\.kind) == [1, 5, 3, 4, 5, 4, 6, 6, 6, 2])
    #expect(all.map(\.engine) == [0, 0, 0, 0, 1, 1, 0, 0, 0, 0])
    #expect(
      all[0].payload == [1, 0, 0x01, 0xf0, 0x55, 0x7d, 0, 0, 1, 0, 0x02, 0xf0, 4, 0, 0, 0])
    #expect(all[2].payload.count == 8 * 16 && all[3].payload.count == 16)
    #expect(all[6...8].map(\.offset) == [0, 100_000, 200_000])
    #expect(all[9].payload.isEmpty)
    let payloads = all.dropFirst().reduce(0) { $0 + $1.payload.count }
    #expect(try source.stopCopyByteCount() == UInt64(payloads + 24 * 6))
    #expect(try source.abilities() == [.stopCopy, .peerToPeer])
  }

  @Test func entriesHaveNoFunctionsNumber() throws {
    let table = packets(try xe().stopCopied())[2].payload
    for index in 0..<16 { #expect(table.little(UInt64.self, at: 8 * index) & 0xffc == 0) }
  }

  @Test func integratedGraphicsHaveNoMemory() throws {
    let all = packets(try xe("vram=0&media=no").stopCopied())
    #expect(all.map(\.kind) == [1, 5, 3, 4, 2])
  }

  // MARK: What is taken

  @Test(arguments: seeds(12))
  func whatWasLoadedIsHandedOutAgain(seed: UInt64) throws {
    let parameters = "vram=\(4096 * (1 + 9 * seed))&ggtt=64KiB&packet=70001"
    let source = try xe("\(parameters)&seed=\(seed)")
    let whole = try source.stopCopied(step: steps(seed, upTo: 50_000))
    let target = try xe("\(parameters)&seed=\(seed + 100)")
    #expect(target.model.digest != source.model.digest)
    try target.load(whole, step: steps(seed, upTo: 50_000))
    #expect(target.model.digest == source.model.digest)
    #expect(try target.stopCopied() == whole)
  }

  @Test(arguments: seeds(12))
  func packetsOfMemoryMayBeCutAndOrderedOtherwise(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let all = packets(try xe("\(Self.small)&seed=7").stopCopied())
    let image = try #require(all.first { $0.kind == 6 }).payload
    var body = all.filter { (3...5).contains($0.kind) }
    var offset = 0
    while offset < image.count {
      let count = min(Int.random(in: 1...90_000, using: &random), image.count - offset)
      body.append(
        Packet(kind: 6, offset: UInt64(offset), payload: Array(image[offset..<offset + count])))
      offset += count
    }
    let stream = [all[0]] + body.shuffled(using: &random) + [Packet(kind: 2)]
    let target = try xe()
    #expect(target.refusal(of: stream.flatMap(\.bytes), step: steps(seed, upTo: 99_999)) == nil)
    #expect(target.model.digest == (try xe("\(Self.small)&seed=7")).model.digest)
  }

  @Test func memoryThatNoSeedMadeIsKept() throws {
    var all = packets(try xe("\(Self.small)&seed=7").stopCopied())
    let index = try #require(all.firstIndex { $0.kind == 6 })
    all[index].payload[70_000] ^= 1
    all[index].payload.replaceSubrange(
      131_072..<196_608, with: [UInt8](repeating: 0, count: 65_536))
    let bytes = all.flatMap(\.bytes)
    let target = try xe()
    try target.load(bytes)
    #expect(try target.stopCopied() == bytes)
  }

  private func refusal(
    onto parameters: String = small, _ change: (inout [Packet]) -> Void
  ) throws -> DeviceError? {
    var all = packets(try xe("\(Self.small)&seed=1").stopCopied())
    change(&all)
    return try xe(parameters).refusal(of: all.flatMap(\.bytes))
  }

  private static func write(_ number: LinuxErrno) -> DeviceError {
    DeviceError(.writeData(at: 0), number)
  }

  @Test func anotherDeviceIsENODEV() throws {
    #expect(try refusal(onto: "\(Self.small)&device=1") { _ in } == Self.write(.noDevice))
    #expect(try refusal(onto: "\(Self.small)&revision=9") { _ in } == Self.write(.noDevice))
  }

  @Test func headersAreLookedAtWhenTheyAreThere() throws {
    #expect(try refusal { $0[1].version = 2 } == Self.write(.invalid))
    #expect(try refusal { $0[1].engine = 2 } == Self.write(.invalid))
    #expect(try refusal { $0[1].tile = 1 } == Self.write(.invalid))
    #expect(try refusal { $0[1].kind = 0 } == Self.write(.invalid))
    #expect(try refusal { $0[0].engine = 1 } == Self.write(.invalid))
    #expect(try refusal { $0[7].offset = 1 } == Self.write(.invalid))
    #expect(try refusal { $0[7].payload = [0] } == Self.write(.invalid))
    let header = Packet(version: 3, kind: 5).bytes
    let channel = try xe().opened(.resuming)
    #expect(try channel.write(Array(header[..<23])) == 23)
    #expect(number { _ = try channel.write([header[23]]) } == .invalid)
    var huge = Packet(kind: 5).bytes
    huge.put(UInt64.max, at: 16)
    #expect(try xe().refusal(of: huge) == Self.write(.outOfMemory))
  }

  @Test func theDescriptorIsReadKeyByKey() throws {
    #expect(try refusal { $0[0].payload.removeLast() } == Self.write(.invalid))
    #expect(try refusal { $0[0].payload.removeLast(4) } == Self.write(.invalid))
    #expect(try refusal { $0[0].payload = [] } == nil)
    #expect(try refusal { $0[0].payload = [2, 0, 9, 0] + [UInt8](repeating: 7, count: 8) } == nil)
    #expect(try refusal { $0[0].payload[4] ^= 1 } == Self.write(.noDevice))
  }

  /// Linux 7.3 counts the keys before it looks at one.
  @Test func aKeyThatIsCutShortIsAnotherErrnoOfLinux73() throws {
    for (kernel, number) in [("7.2", LinuxErrno.invalid), ("7.3", .noData)] {
      let target = "\(Self.small)&linux=\(kernel)"
      #expect(try refusal(onto: target) { _ in } == nil)
      #expect(try refusal(onto: target) { $0[0].payload.removeLast(4) } == Self.write(number))
      #expect(try refusal(onto: target) { $0[0].payload.removeLast() } == Self.write(.invalid))
      #expect(
        try refusal(onto: "\(target)&device=1") { $0[0].payload.removeLast(4) }
          == Self.write(kernel == "7.2" ? .noDevice : .noData))
    }
  }

  @Test func whatTheWorkerRefusesIsEIOLater() throws {
    let later: [(inout [Packet]) -> Void] = [
      { $0[2].payload.removeLast(8) }, { $0[3].payload.append(0) }, { $0[1].payload[0] ^= 1 },
      { $0[1].payload.removeLast() }, { $0[2].engine = 1 },
    ]
    for change in later {
      #expect(try refusal(change) == Self.write(.inputOutput))
    }
    #expect(
      try refusal(onto: "vram=256KiB&ggtt=128KiB") { _ in } == Self.write(.inputOutput))
    // Of the last packet before the trailer, at the end.
    #expect(try refusal { $0[6].offset = 1 } == DeviceError(.commit, .inputOutput))
    #expect(
      try refusal(onto: "vram=128KiB&ggtt=64KiB") { _ in } == DeviceError(.commit, .inputOutput))
  }

  @Test func unknownPacketsArePassedOver() throws {
    #expect(try refusal { $0.insert(Packet(kind: 77, payload: [1, 2]), at: 3) } == nil)
  }

  @Test func withoutItsTrailerAStateIsNotDone() throws {
    #expect(try refusal { $0.removeLast() } == DeviceError(.commit, .inputOutput))
    #expect(try refusal { $0 = [] } == DeviceError(.commit, .inputOutput))
  }

  @Test(arguments: seeds(150))
  func nothingCrashesIt(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var bytes = try xe("\(Self.small)&seed=\(seed)").stopCopied()
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let place = Int.random(in: 0..<200, using: &random)
      bytes[Bool.random(using: &random) ? place : bytes.count - 24 - place] = UInt8.random(
        in: 0...255, using: &random)
    }
    let target = try xe()
    if let refusal = target.refusal(of: bytes, step: steps(seed, upTo: 40_000)) {
      #expect([.inputOutput, .invalid, .noDevice, .outOfMemory].contains(refusal.errno))
    }
    try target.reset()
    #expect(target.refusal(of: try xe("\(Self.small)&seed=\(seed)").stopCopied()) == nil)
  }

  @Test(arguments: ["vram=1", "ggtt=0", "packet=1GiB", "device=0x10000", "vram=1TiB"])
  func aFunctionThatCannotBeIsNoName(parameters: String) {
    #expect(throws: DeviceURI.Malformed.self) { try xe(parameters) }
  }

  @Test func enginesTakeItFromDeviceToDevice() throws {
    let target = try xe("vram=3MiB&packet=1MiB&seed=1")
    _ = try replay(try stream(of: "emulated:xe?vram=3MiB&packet=1MiB&seed=2"), onto: [target])
    #expect(target.model.digest == (try xe("vram=3MiB&seed=2")).model.digest)
    #expect(target.model.facts.xe?.vramByteCounts == [3 << 20])
  }
}
